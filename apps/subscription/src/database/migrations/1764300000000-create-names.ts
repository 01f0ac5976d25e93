import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Names for the numbers that events and webhooks carry, and the names of fields and interests.
 *
 * - Ids of databases and collections are the producers', so they are unique within an account only. Those that are given out here,
 *   and those of fields and interests, come from `name_ids`.
 * - `place` says what it is in: nothing, `database/12` or `collection/3`.
 * - A database or collection without a name was only mentioned.
 */
export class CreateNames1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE SEQUENCE config.name_ids AS bigint');
    await runner.query(`
      CREATE TABLE config.names (
        account text COLLATE "C" NOT NULL REFERENCES config.accounts,
        kind text COLLATE "C" NOT NULL,
        id bigint NOT NULL,
        place text COLLATE "C" NOT NULL,
        name text COLLATE "C",
        "group" text COLLATE "C",
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account, kind, id),
        CONSTRAINT names_unique UNIQUE (account, kind, place, name),
        CONSTRAINT names_kind CHECK (CASE kind
          WHEN 'database' THEN place = ''
          WHEN 'collection' THEN place ~ '^database/[0-9]+$'
          WHEN 'field' THEN place ~ '^(database|collection)/[0-9]+$' AND name IS NOT NULL
          WHEN 'interest' THEN place ~ '^database/[0-9]+$' AND name IS NOT NULL
          ELSE false END),
        CONSTRAINT names_group CHECK ("group" IS NULL OR kind = 'interest')
      )`);
    await runner.query('CREATE INDEX names_in_place ON config.names (account, kind, place, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE config.names');
    await runner.query('DROP SEQUENCE config.name_ids');
  }
}
