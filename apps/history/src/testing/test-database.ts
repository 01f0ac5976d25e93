import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { pino } from 'pino';
import { Database } from '../database/database.js';

/** Address of the PostgreSQL server for tests. */
export function serverUrl(): string {
  const url = process.env.DATABASE_URL;
  if (url === undefined) throw new Error('set DATABASE_URL to a PostgreSQL server');
  return url;
}

export interface TestDatabase {
  readonly url: string;
  /** Runs a statement on a connection of its own, outside of what is tested. */
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** An empty database of its own. */
export async function createTestDatabase(server: string = serverUrl()): Promise<TestDatabase> {
  const name = `history_test_${randomBytes(6).toString('hex')}`;
  await once(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    query: (text, values) => once(url.href, text, values),
    drop: async () => {
      await once(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function once<Row>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

export const silent = pino({ level: 'silent' });

/** The database of the service, migrated. */
export async function openDatabase(url: string): Promise<Database> {
  const database = new Database(url, silent);
  await database.open();
  return database;
}
