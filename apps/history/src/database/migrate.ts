import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { CreateHistory1764000000000 } from './migrations/1764000000000-create-history.js';
import { CountEvents1764610000000 } from './migrations/1764610000000-count-events.js';

const SCHEMA = 'history';
export const MIGRATIONS = [CreateHistory1764000000000, CountEvents1764610000000];
/** Any number that nobody else in this database uses; `hist` in ASCII. */
const MIGRATION_LOCK = 0x68697374;

/** Brings the schema `history` up to date. Instances that start together take turns. */
export async function migrate(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 3_000,
    application_name: 'history-migrate',
  });
  // The lock goes with the connection; what broke it is reported by the query that fails.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const { rows } = await client.query<{ present: boolean }>('SELECT to_regnamespace($1) IS NOT NULL AS present', [
      SCHEMA,
    ]);
    if (rows[0]?.present !== true) await client.query(`CREATE SCHEMA ${SCHEMA}`);
    await runMigrations(url);
  } finally {
    await client.end();
  }
}

async function runMigrations(url: string): Promise<void> {
  const source = new DataSource({
    type: 'postgres',
    url,
    schema: SCHEMA,
    applicationName: 'history-migrate',
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
  });
  await source.initialize();
  try {
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await source.destroy();
  }
}
