import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when the secrets of a webhook after the first sign, in the same order. */
export class RotateWebhookSecrets1764610000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE config.webhooks ADD COLUMN secret_ends timestamptz[] NOT NULL DEFAULT '{}'`);
    // Those that are rotating are few, and are looked for every minute.
    await runner.query(`CREATE INDEX webhooks_rotating ON config.webhooks (id) WHERE secret_ends <> '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX config.webhooks_rotating');
    await runner.query('ALTER TABLE config.webhooks DROP COLUMN secret_ends');
  }
}
