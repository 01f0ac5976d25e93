import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Record keys that a webhook's deliveries are spread over. */
export class ShardWebhooks1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE config.webhooks ADD COLUMN shards integer NOT NULL DEFAULT 1');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE config.webhooks DROP COLUMN shards');
  }
}
