import type { AuditEntry } from '@postduif/contracts';
import { recordChange } from '../audit/record-change.js';
import type { RecordedState } from '../audit/record-change.js';
import type { Queries } from '../database/database.js';
import { publish, publishRemoval } from '../outbox/outbox.js';
import type { Snapshot } from '../outbox/outbox.js';
import { toSnapshot, toView, webhookKey } from './webhook.js';
import type { Webhook } from './webhook.js';

export type WebhookRow = Omit<Webhook, 'verification' | 'database' | 'collection' | 'consent'> & {
  readonly database: string | null;
  readonly collection: string | null;
  readonly verificationName: string;
  readonly verificationLine: string;
  readonly consentAt: Date | null;
  readonly consentRate: number | null;
};

export const WEBHOOK_COLUMNS = `w.id::text, w.account, w.handler, w.trigger, w.callers, w.database, w.collection, w.fields, w.format, w.schedule,
  w.concurrency, w.rate, w.state, w.validated, w.validated_at AS "validatedAt", w.verification_name AS "verificationName",
  w.verification_line AS "verificationLine", w.secrets, w.version, w.shards, w.secret_ends AS "secretEnds",
  w.signature, w.origin, w.consent_at AS "consentAt", w.consent_rate AS "consentRate"`;
/** 18 digits are below the largest bigint. */
const ID = /^[1-9]\d{0,17}$/;

export interface WebhookListing {
  readonly account: string;
  readonly trigger: string | undefined;
}

const LISTED = 'w.account = $1 AND ($2::text IS NULL OR w.trigger = $2)';

function valuesOf({ account, trigger }: WebhookListing): unknown[] {
  return [account, trigger ?? null];
}

export async function nextWebhookId(queries: Queries): Promise<string> {
  const [row] = await queries.query<{ id: string }>(
    `SELECT nextval(pg_get_serial_sequence('config.webhooks', 'id'))::text AS id`,
  );
  if (row === undefined) throw new Error('no next id');
  return row.id;
}

/** A webhook, of the account if one is named. With `lock` nobody else changes it until the end of the transaction. */
export async function findWebhook(
  queries: Queries,
  { id, account }: { id: string; account?: string },
  lock?: 'lock',
): Promise<Webhook | undefined> {
  if (!ID.test(id)) return undefined;
  const [row] = await queries.query<WebhookRow>(
    `SELECT ${WEBHOOK_COLUMNS} FROM config.webhooks w WHERE w.id = $1 AND ($2::text IS NULL OR w.account = $2)
     ${lock === undefined ? '' : 'FOR UPDATE'}`,
    [id, account ?? null],
  );
  return row && toWebhook(row);
}

/** A page of an account's webhooks in the order of their ids. */
export async function listWebhooks(
  queries: Queries,
  listing: WebhookListing,
  page: { start: number; limit: number },
): Promise<Webhook[]> {
  const rows = await queries.query<WebhookRow>(
    `SELECT ${WEBHOOK_COLUMNS} FROM config.webhooks w WHERE ${LISTED} ORDER BY w.id OFFSET $3 LIMIT $4`,
    [...valuesOf(listing), page.start, page.limit],
  );
  return rows.map(toWebhook);
}

/** The same, from the id `after` on. */
export async function listWebhooksAfter(
  queries: Queries,
  listing: WebhookListing,
  page: { after: string; limit: number },
): Promise<Webhook[]> {
  const rows = await queries.query<WebhookRow>(
    `SELECT ${WEBHOOK_COLUMNS} FROM config.webhooks w WHERE ${LISTED} AND w.id > $3 ORDER BY w.id LIMIT $4`,
    [...valuesOf(listing), page.after, page.limit],
  );
  return rows.map(toWebhook);
}

export async function countWebhooks(queries: Queries, listing: WebhookListing): Promise<number> {
  const [row] = await queries.query<{ total: string }>(
    `SELECT count(*) AS total FROM config.webhooks w WHERE ${LISTED}`,
    valuesOf(listing),
  );
  return Number(row?.total ?? 0);
}

/** Every webhook, or every one of an account, locked until the end of the transaction. */
export async function lockWebhooks(transaction: Queries, account?: string): Promise<Webhook[]> {
  const rows = await transaction.query<WebhookRow>(
    `SELECT ${WEBHOOK_COLUMNS} FROM config.webhooks w WHERE $1::text IS NULL OR w.account = $1 ORDER BY w.id FOR UPDATE`,
    [account ?? null],
  );
  return rows.map(toWebhook);
}

/** Stores a new webhook or a new version, puts its snapshot into the outbox, and records the change. */
export async function saveWebhook(
  transaction: Queries,
  webhook: Webhook,
  action?: AuditEntry['action'],
): Promise<void> {
  const before = webhook.version === 1 ? undefined : await findWebhook(transaction, webhook);
  await storeWebhook(transaction, webhook);
  await publish(transaction, snapshotOf(webhook));
  await record(transaction, before, webhook, action);
}

async function record(
  transaction: Queries,
  before: Webhook | undefined,
  after: Webhook | undefined,
  action?: AuditEntry['action'],
): Promise<void> {
  const webhook = after ?? before;
  if (webhook === undefined) return;
  await recordChange(transaction, {
    account: webhook.account,
    entity: 'webhook',
    id: webhook.id,
    action,
    before: before && recorded(before),
    after: after && recorded(after),
  });
}

function recorded(webhook: Webhook): RecordedState {
  return { ...toView(webhook), version: webhook.version, previousSecretsUntil: webhook.secretEnds };
}

async function storeWebhook(transaction: Queries, webhook: Webhook): Promise<void> {
  await transaction.query(
    `INSERT INTO config.webhooks (id, account, handler, trigger, callers, database, collection, fields, format, schedule,
       concurrency, rate, state, validated, validated_at, verification_name, verification_line, secrets, version, shards,
       secret_ends, signature, origin, consent_at, consent_rate)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
       $25)
     ON CONFLICT (id) DO UPDATE SET handler = $3, trigger = $4, callers = $5, database = $6, collection = $7, fields = $8,
       format = $9, schedule = $10, concurrency = $11, rate = $12, state = $13, validated = $14, validated_at = $15,
       verification_name = $16, verification_line = $17, secrets = $18, version = $19, shards = $20, secret_ends = $21,
       signature = $22, origin = $23, consent_at = $24, consent_rate = $25, updated_at = now()`,
    [
      webhook.id,
      webhook.account,
      webhook.handler,
      webhook.trigger,
      webhook.callers,
      webhook.database,
      webhook.collection,
      webhook.fields,
      webhook.format,
      webhook.schedule,
      webhook.concurrency,
      webhook.rate,
      webhook.state,
      webhook.validated,
      webhook.validatedAt,
      webhook.verification.name,
      webhook.verification.line,
      webhook.secrets,
      webhook.version,
      webhook.shards,
      webhook.secretEnds.map((end) => end.toISOString()),
      webhook.signature,
      webhook.origin,
      webhook.consent?.at ?? null,
      webhook.consent?.rate ?? null,
    ],
  );
}

/** Deletes an account's webhook and puts its tombstone into the outbox; false when there is none. */
export async function deleteWebhook(
  transaction: Queries,
  { id, account }: { id: string; account: string },
): Promise<boolean> {
  if (!ID.test(id)) return false;
  const gone = await transaction.query<WebhookRow>(
    `DELETE FROM config.webhooks w WHERE w.id = $1 AND w.account = $2 RETURNING ${WEBHOOK_COLUMNS}`,
    [id, account],
  );
  for (const row of gone) {
    await publishRemoval(transaction, webhookKey(id), row.version + 1);
    await record(transaction, toWebhook(row), undefined);
  }
  return gone.length > 0;
}

/** Locks a webhook that is enabled and was last changed before `at` (ISO 8601). */
export async function lockEnabledSince(transaction: Queries, id: string, at: string): Promise<Webhook | undefined> {
  if (!ID.test(id)) return undefined;
  const [row] = await transaction.query<WebhookRow>(
    `SELECT ${WEBHOOK_COLUMNS} FROM config.webhooks w WHERE w.id = $1 AND w.state = 'enabled' AND w.updated_at < $2 FOR UPDATE`,
    [id, at],
  );
  return row && toWebhook(row);
}

/** Locks webhooks of which a secret has ended; not those that somebody else is changing. */
export async function lockWithEndedSecrets(transaction: Queries, now: Date): Promise<Webhook[]> {
  const rows = await transaction.query<WebhookRow>(
    `SELECT ${WEBHOOK_COLUMNS} FROM config.webhooks w WHERE w.secret_ends <> '{}' AND $1 >= ANY (w.secret_ends)
     ORDER BY w.id LIMIT 500 FOR UPDATE SKIP LOCKED`,
    [now.toISOString()],
  );
  return rows.map(toWebhook);
}

/** All webhooks, in parts, in the order of their ids. */
export async function* webhookSnapshots(queries: Queries): AsyncIterable<Snapshot[]> {
  for (let after = '0'; ;) {
    const rows = await queries.query<WebhookRow>(
      `SELECT ${WEBHOOK_COLUMNS} FROM config.webhooks w WHERE w.id > $1 ORDER BY w.id LIMIT 500`,
      [after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => snapshotOf(toWebhook(row)));
    after = last.id;
  }
}

function snapshotOf(webhook: Webhook): Snapshot {
  return { key: webhookKey(webhook.id), value: toSnapshot(webhook) };
}

export function toWebhook({
  verificationName,
  verificationLine,
  database,
  collection,
  consentAt,
  consentRate,
  ...row
}: WebhookRow): Webhook {
  return {
    ...row,
    database: database === null ? null : Number(database),
    collection: collection === null ? null : Number(collection),
    verification: { name: verificationName, line: verificationLine },
    consent: consentAt === null ? null : { at: consentAt, rate: consentRate },
  };
}
