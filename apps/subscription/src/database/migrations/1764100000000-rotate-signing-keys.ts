import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Signing keys get a life of their own and may belong to an account.
 *
 * - `visible_since`, `seen_at` and `dns` hold what was found in DNS (see `SigningKey`); they are not published.
 * - Of the installation and of each account one key is active and one is next, at most.
 */
export class RotateSigningKeys1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE config.signing_keys
        ADD COLUMN account text COLLATE "C" REFERENCES config.accounts,
        ADD COLUMN activated_at timestamptz,
        ADD COLUMN retired_at timestamptz,
        ADD COLUMN visible_since timestamptz,
        ADD COLUMN seen_at timestamptz,
        ADD COLUMN dns jsonb`);
    await runner.query(`UPDATE config.signing_keys SET activated_at = created_at WHERE state <> 'next'`);
    await runner.query(`UPDATE config.signing_keys SET retired_at = now() WHERE state = 'retired'`);
    await runner.query(`
      ALTER TABLE config.signing_keys ADD CONSTRAINT signing_keys_life CHECK (
        state IN ('next', 'active', 'retired')
        AND (activated_at IS NULL) = (state = 'next')
        AND (retired_at IS NOT NULL) = (state = 'retired')
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX signing_keys_one ON config.signing_keys (coalesce(account, ''), state)
        WHERE state IN ('next', 'active')`);
    await runner.query('CREATE INDEX ON config.signing_keys (account)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX config.signing_keys_one');
    await runner.query(`
      ALTER TABLE config.signing_keys
        DROP CONSTRAINT signing_keys_life,
        DROP COLUMN account, DROP COLUMN activated_at, DROP COLUMN retired_at,
        DROP COLUMN visible_since, DROP COLUMN seen_at, DROP COLUMN dns`);
  }
}
