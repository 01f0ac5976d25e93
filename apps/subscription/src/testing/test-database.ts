import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { QueryResultRow } from 'pg';
import { pino } from 'pino';
import { Database } from '../database/database.js';

export const silent = pino({ level: 'silent' });

/** An empty database of its own on the server for tests, which can be taken away and given back. */
export class TestDatabase {
  readonly #server: string;
  readonly #name = `subscription_test_${randomBytes(6).toString('hex')}`;

  private constructor(server: string) {
    this.#server = server;
  }

  static async create(): Promise<TestDatabase> {
    const server = process.env.DATABASE_URL;
    if (server === undefined) throw new Error('set DATABASE_URL to a PostgreSQL server');
    const database = new TestDatabase(server);
    await once(server, `CREATE DATABASE ${database.#name}`);
    return database;
  }

  get url(): string {
    const url = new URL(this.#server);
    url.pathname = `/${this.#name}`;
    return url.href;
  }

  /** Runs a statement on a connection of its own, outside of what is tested. */
  query<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return once<Row>(this.url, text, values);
  }

  /** As when PostgreSQL is stopped: connections are cut and new ones refused. */
  async takeAway(): Promise<void> {
    await once(this.#server, `ALTER DATABASE ${this.#name} WITH ALLOW_CONNECTIONS false`);
    await once(this.#server, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [this.#name]);
  }

  async giveBack(): Promise<void> {
    await once(this.#server, `ALTER DATABASE ${this.#name} WITH ALLOW_CONNECTIONS true`);
  }

  async drop(): Promise<void> {
    await once(this.#server, `DROP DATABASE ${this.#name} WITH (FORCE)`);
  }
}

/** The database of the service, migrated. */
export async function openDatabase(url: string): Promise<Database> {
  const database = new Database(url, silent);
  await database.open();
  return database;
}

async function once<Row extends QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
