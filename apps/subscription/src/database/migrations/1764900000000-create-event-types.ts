import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What accounts say of event types of their own. `json` keeps a schema as it was written. */
export class CreateEventTypes1764900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE config.event_types (
        account text COLLATE "C" NOT NULL REFERENCES config.accounts,
        name text COLLATE "C" NOT NULL,
        description text NOT NULL,
        schema json,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE config.event_types');
  }
}
