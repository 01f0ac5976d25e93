import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens get a name and may expire, and JWTs stand for them: `jwt_keys` sign those. Private keys are stored sealed only. */
export class ManageTokens1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE config.api_tokens
        ADD COLUMN name text NOT NULL DEFAULT '',
        ADD COLUMN expires_at timestamptz`);
    await runner.query(`
      CREATE TABLE config.jwt_keys (
        id text COLLATE "C" PRIMARY KEY,
        public_key text NOT NULL,
        private_key text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE config.jwt_keys');
    await runner.query('ALTER TABLE config.api_tokens DROP COLUMN name, DROP COLUMN expires_at');
  }
}
