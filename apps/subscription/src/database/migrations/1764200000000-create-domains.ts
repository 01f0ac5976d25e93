import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Domains that accounts have shown to be theirs, or are about to. Several accounts may have the same. `dns` is the last look. */
export class CreateDomains1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE config.domains (
        account text COLLATE "C" NOT NULL REFERENCES config.accounts,
        domain text COLLATE "C" NOT NULL,
        token text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        validated_at timestamptz,
        dns jsonb,
        PRIMARY KEY (account, domain)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE config.domains');
  }
}
