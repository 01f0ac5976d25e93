import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { CreateConfig1764000000000 } from './migrations/1764000000000-create-config.js';
import { RotateSigningKeys1764100000000 } from './migrations/1764100000000-rotate-signing-keys.js';
import { CreateDomains1764200000000 } from './migrations/1764200000000-create-domains.js';
import { CreateNames1764300000000 } from './migrations/1764300000000-create-names.js';
import { ShardWebhooks1764400000000 } from './migrations/1764400000000-shard-webhooks.js';
import { ManageTokens1764500000000 } from './migrations/1764500000000-manage-tokens.js';
import { RotateWebhookSecrets1764610000000 } from './migrations/1764610000000-rotate-webhook-secrets.js';
import { ChooseSignatures1764620000000 } from './migrations/1764620000000-choose-signatures.js';
import { AgreeWithReceivers1764630000000 } from './migrations/1764630000000-agree-with-receivers.js';
import { CreateEventTypes1764900000000 } from './migrations/1764900000000-create-event-types.js';
import { GuardChanges1765000000000 } from './migrations/1765000000000-guard-changes.js';
import { DefaultPace1765100000000 } from './migrations/1765100000000-default-pace.js';

const SCHEMA = 'config';
/** Any number that nobody else in this database uses; `conf` in ASCII. */
const MIGRATION_LOCK = 0x636f6e66;

/** Brings the schema `config` up to date. Instances that start together take turns. */
export async function migrate(url: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 3_000,
    application_name: 'subscription-migrate',
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
    applicationName: 'subscription-migrate',
    migrations: [
      CreateConfig1764000000000,
      RotateSigningKeys1764100000000,
      CreateDomains1764200000000,
      CreateNames1764300000000,
      ShardWebhooks1764400000000,
      ManageTokens1764500000000,
      RotateWebhookSecrets1764610000000,
      ChooseSignatures1764620000000,
      AgreeWithReceivers1764630000000,
      CreateEventTypes1764900000000,
      GuardChanges1765000000000,
      DefaultPace1765100000000,
    ],
    migrationsTableName: 'migrations',
  });
  await source.initialize();
  try {
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await source.destroy();
  }
}
