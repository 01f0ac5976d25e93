import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { CreateWebhook, UpdateWebhook } from '@postduif/contracts';
import { generateWebhookSecret, open, seal } from '@postduif/signing';
import type { EncryptionKeys } from '@postduif/signing';
import type { Database, Queries } from '../database/database.js';
import { isAtDomain } from '../domains/domain-name.js';
import { holdValidatedDomains, validatedDomains } from '../domains/domain-rows.js';
import type { Log } from '../log.js';
import type { TrustedHosts } from './trusted-hosts.js';
import { changedWebhook, newWebhook, webhookKey } from './webhook.js';
import type { Webhook, WebhookSurroundings } from './webhook.js';
import * as store from './webhook-store.js';

/** What may be done with webhooks. Each change is one transaction, and one line in the log. */
export class Webhooks {
  constructor(
    private readonly database: Database,
    private readonly encryptionKeys: EncryptionKeys,
    private readonly trusted: TrustedHosts,
    private readonly log: Log,
  ) {}

  async create(caller: Access, given: CreateWebhook): Promise<Webhook> {
    const webhook = await this.database.transaction(async (transaction) => {
      const around = await this.#around(transaction, caller.account);
      const created = newWebhook(await store.nextWebhookId(transaction), caller.account, given, around);
      await store.saveWebhook(transaction, created);
      return created;
    });
    this.#say(caller, webhook.id, 'webhook created');
    return webhook;
  }

  async change({ account, token }: Access, id: string, given: UpdateWebhook): Promise<Webhook> {
    const changed = await this.database.transaction(async (transaction) => {
      const around = await this.#around(transaction, account);
      const webhook = await store.findWebhook(transaction, { id, account }, 'lock');
      if (webhook === undefined) throw unknownWebhook();
      const next = changedWebhook(webhook, given, around);
      await store.saveWebhook(transaction, next);
      return next;
    });
    this.#say({ account, token }, id, 'webhook changed');
    return changed;
  }

  async delete({ account, token }: Access, id: string): Promise<void> {
    const deleted = await this.database.transaction((transaction) => store.deleteWebhook(transaction, { id, account }));
    if (!deleted) throw unknownWebhook();
    this.#say({ account, token }, id, 'webhook deleted');
  }

  /** Throws `not_found` when the account has no such webhook. */
  async get({ account }: Access, id: string): Promise<Webhook> {
    const webhook = await store.findWebhook(this.database, { id, account });
    if (webhook === undefined) throw unknownWebhook();
    return webhook;
  }

  /** A page; `total` only when it is counted. */
  async list(
    listing: store.WebhookListing,
    { start, limit, total }: { start: number; limit: number; total: boolean },
  ): Promise<{ webhooks: Webhook[]; total: number | undefined }> {
    const webhooks = await store.listWebhooks(this.database, listing, { start, limit });
    return { webhooks, total: total ? await store.countWebhooks(this.database, listing) : undefined };
  }

  /** The webhooks after an id, in the order of their ids: pages that neither skip nor repeat one when others come or go. */
  async listAfter(listing: store.WebhookListing, page: { after: string; limit: number }): Promise<Webhook[]> {
    return store.listWebhooksAfter(this.database, listing, page);
  }

  /** The secret that signs the requests of a `json` webhook. Throws `not_found` for other webhooks. */
  async secret(caller: Access, id: string): Promise<string> {
    const [secret] = this.secrets(await this.get(caller, id));
    if (secret === undefined) throw new ApiError('not_found', 'Webhooks of the format form have no secret.');
    return secret;
  }

  /** All that sign the requests of a `json` webhook, the newest first. */
  secrets({ id, secrets }: Pick<Webhook, 'id' | 'secrets'>): string[] {
    return secrets.map((sealed) => open(this.encryptionKeys, sealed, webhookKey(id)).toString('utf8'));
  }

  /** Notes that the verification file was found, unless another one is asked for since. Returns whether it was noted. */
  async confirm({ account, token }: Access, id: string, fileName: string): Promise<boolean> {
    const confirmed = await this.database.transaction(async (transaction) => {
      const webhook = await store.findWebhook(transaction, { id, account }, 'lock');
      if (webhook?.verification.name !== fileName) return false;
      const now = { validated: true, validatedAt: new Date(), version: webhook.version + 1 };
      if (webhook.validatedAt === null) await store.saveWebhook(transaction, { ...webhook, ...now });
      return true;
    });
    if (confirmed) this.#say({ account, token }, id, 'webhook validated');
    return confirmed;
  }

  /** Disables a webhook whose receiver said that it is gone, unless its owner has changed it since `at` (ISO 8601). */
  async disableGone(id: string, at: string): Promise<void> {
    const webhook = await this.database.transaction(async (transaction) => {
      const found = await store.lockEnabledSince(transaction, id, at);
      if (found) await store.saveWebhook(transaction, { ...found, state: 'disabled', version: found.version + 1 });
      return found;
    });
    if (webhook) this.log.info({ account: webhook.account, webhook: id }, 'webhook disabled: its receiver is gone');
  }

  /** Brings `validated` in line with the hosts that are trusted now. */
  async applyTrust(): Promise<void> {
    const changed = await this.database.transaction((transaction) => this.#correct(transaction));
    for (const { account, id } of changed)
      this.log.info({ account, webhook: id }, 'validation of the webhook follows the trusted hosts');
  }

  /** Brings `validated` in line with the account's domains, in the transaction that changes these. Returns the webhooks that changed. */
  async followDomains(transaction: Queries, account: string): Promise<string[]> {
    return (await this.#correct(transaction, account)).map(({ id }) => id);
  }

  async #correct(transaction: Queries, account?: string): Promise<Webhook[]> {
    const webhooks = await store.lockWebhooks(transaction, account);
    const domains = await validatedDomains(transaction, account);
    const wrong = webhooks.filter(
      ({ validated, validatedAt, handler, account: owner }) =>
        validated !== (validatedAt !== null || this.#trusts(handler, domains.get(owner))),
    );
    for (const webhook of wrong)
      await store.saveWebhook(transaction, {
        ...webhook,
        validated: !webhook.validated,
        version: webhook.version + 1,
      });
    return wrong;
  }

  async #around(transaction: Queries, account: string): Promise<WebhookSurroundings> {
    const domains = await holdValidatedDomains(transaction, account);
    return {
      trusts: (handler) => this.#trusts(handler, domains),
      newSecret: (id) => seal(this.encryptionKeys, generateWebhookSecret(), webhookKey(id)),
    };
  }

  /** Whether a handler needs no verification file (spec section 7.2). */
  #trusts(handler: string, domains: readonly string[] = []): boolean {
    return this.trusted.trusts(handler) || domains.some((domain) => isAtDomain(handler, domain));
  }

  #say({ account, token }: Pick<Access, 'account' | 'token'>, webhook: string, what: string): void {
    this.log.info({ account, token, webhook }, what);
  }
}

function unknownWebhook(): ApiError {
  return new ApiError('not_found', 'No entity with supplied ID');
}
