import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a receiver of CloudEvents was asked as, when it agreed, and to how many requests a minute. */
export class AgreeWithReceivers1764630000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE config.webhooks ADD COLUMN origin text, ADD COLUMN consent_at timestamptz, ADD COLUMN consent_rate integer',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE config.webhooks DROP COLUMN origin, DROP COLUMN consent_at, DROP COLUMN consent_rate',
    );
  }
}
