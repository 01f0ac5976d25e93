import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which signature of Standard Webhooks a webhook has. */
export class ChooseSignatures1764620000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE config.webhooks ADD COLUMN signature text NOT NULL DEFAULT 'v1'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE config.webhooks DROP COLUMN signature');
  }
}
