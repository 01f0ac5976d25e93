import type { Access } from '@postduif/access';
import type { WebhookBound } from '@postduif/contracts';
import type { Queries } from '../database/database.js';
import { findName } from '../names/name-rows.js';
import { unknownName } from '../names/names.js';
import type { PageRequest } from '../v4/pages.js';
import type { Webhook } from './webhook.js';
import { toWebhook, WEBHOOK_COLUMNS } from './webhook-store.js';
import type { WebhookRow } from './webhook-store.js';

/** The database or collection that is looked at. */
export interface Target {
  readonly kind: 'database' | 'collection';
  readonly id: number;
}

export interface ApplyingWebhooksPage {
  readonly webhooks: readonly { readonly bound: WebhookBound; readonly webhook: Webhook }[];
  /** How many of each group there are in all. */
  readonly groups: Readonly<Record<WebhookBound, number>>;
}

const BOUND = `CASE WHEN w.collection IS NOT NULL THEN 'collection' WHEN w.database IS NOT NULL THEN 'database' ELSE 'account' END`;
const RANK = `CASE WHEN w.collection IS NOT NULL THEN 1 WHEN w.database IS NOT NULL THEN 2 ELSE 3 END`;
/** $3 and $4 are the database and the collection; of what is looked at from a database, $4 is null. */
const APPLYING = `w.account = $1 AND ($2::text IS NULL OR w.trigger = $2) AND (
    (w.database IS NULL AND w.collection IS NULL)
    OR CASE WHEN $4::bigint IS NOT NULL
      THEN w.collection = $4 OR (w.collection IS NULL AND w.database = $3)
      ELSE w.database = $3 OR (w.database IS NULL AND w.collection IN (
        SELECT n.id FROM config.names n WHERE n.account = $1 AND n.kind = 'collection' AND n.place = 'database/' || $3::bigint))
      END)`;

/** Which webhooks apply to a database or a collection: those limited to it, to what it is in or holds, and the account's (spec section 9). */
export class ApplyingWebhooks {
  constructor(private readonly database: Queries) {}

  /** Throws `not_found` when neither the registry of names nor a webhook knows the id. */
  async list(
    { account }: Access,
    target: Target,
    { trigger, start, limit }: PageRequest & { readonly trigger: string | undefined },
  ): Promise<ApplyingWebhooksPage> {
    const name = await findName(this.database, { account, ...target });
    const ids =
      target.kind === 'database' ? [target.id, null] : [name?.place.replace('database/', '') ?? null, target.id];
    const values = [account, trigger ?? null, ...ids];
    const groups = await this.#count(values);
    if (name === undefined && groups.collection + groups.database === 0) throw unknownName(target.kind);
    const rows = await this.database.query<WebhookRow & { bound: WebhookBound }>(
      `SELECT ${WEBHOOK_COLUMNS}, ${BOUND} AS bound FROM config.webhooks w WHERE ${APPLYING}
       ORDER BY ${RANK}, w.id OFFSET $5 LIMIT $6`,
      [...values, start, limit],
    );
    return { webhooks: rows.map(({ bound, ...row }) => ({ bound, webhook: toWebhook(row) })), groups };
  }

  async #count(values: readonly unknown[]): Promise<Record<WebhookBound, number>> {
    const rows = await this.database.query<{ bound: WebhookBound; count: string }>(
      `SELECT ${BOUND} AS bound, count(*) FROM config.webhooks w WHERE ${APPLYING} GROUP BY 1`,
      values,
    );
    const counts = Object.fromEntries(rows.map(({ bound, count }) => [bound, Number(count)]));
    return { collection: 0, database: 0, account: 0, ...counts };
  }
}
