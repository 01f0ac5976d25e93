import type { MigrationInterface, QueryRunner } from 'typeorm';

const VERSIONED = ['api_tokens', 'domains', 'names'];

/**
 * What keeps changes from being lost or doubled, and on record.
 *
 * - `version` of what had none: it grows with every change of a row and stands in its entity tag.
 * - `idempotency_keys` holds what was answered to a request with a key, sealed, and a fingerprint of the request.
 * - `audit` holds every change of the configuration, written in its transaction. No secrets and no hashes of tokens.
 */
export class GuardChanges1765000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of VERSIONED)
      await runner.query(`ALTER TABLE config.${table} ADD COLUMN version integer NOT NULL DEFAULT 1`);
    await runner.query(`
      CREATE TABLE config.idempotency_keys (
        account text COLLATE "C" NOT NULL REFERENCES config.accounts,
        key text COLLATE "C" NOT NULL,
        fingerprint text COLLATE "C" NOT NULL,
        answer text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account, key)
      )`);
    await runner.query('CREATE INDEX ON config.idempotency_keys (created_at)');
    await runner.query(`
      CREATE TABLE config.audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        account text COLLATE "C",
        entity text COLLATE "C" NOT NULL,
        entity_id text COLLATE "C" NOT NULL,
        action text COLLATE "C" NOT NULL,
        channel text COLLATE "C" NOT NULL,
        token text COLLATE "C",
        credential text COLLATE "C",
        request text,
        before jsonb,
        after jsonb
      )`);
    await runner.query('CREATE INDEX ON config.audit (account, id)');
    await runner.query('CREATE INDEX ON config.audit (account, entity, entity_id, id)');
    await runner.query('CREATE INDEX ON config.audit (at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['audit', 'idempotency_keys']) await runner.query(`DROP TABLE config.${table}`);
    for (const table of VERSIONED) await runner.query(`ALTER TABLE config.${table} DROP COLUMN version`);
  }
}
