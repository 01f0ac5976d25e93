import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an account's webhooks get that say nothing of it themselves; null: the default. */
export class DefaultPace1765100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE config.accounts
        ADD COLUMN schedule integer[],
        ADD COLUMN concurrency integer,
        ADD COLUMN rate double precision
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE config.accounts DROP COLUMN schedule, DROP COLUMN concurrency, DROP COLUMN rate');
  }
}
