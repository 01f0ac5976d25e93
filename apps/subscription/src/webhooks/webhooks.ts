import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type {
  CreateWebhook,
  PreviousSecretView,
  RotateSecret,
  SecretView,
  SignatureVersion,
  UpdateWebhook,
  VerificationView,
} from '@postduif/contracts';
import {
  generateWebhookKeyPair,
  generateWebhookSecret,
  open,
  parseWebhookSecret,
  seal,
  SigningError,
  webhookPublicKeyOf,
} from '@postduif/signing';
import type { EncryptionKeys } from '@postduif/signing';
import { entityTag, unconditional } from '../changes/precondition.js';
import type { Precondition } from '../changes/precondition.js';
import type { Database, Queries } from '../database/database.js';
import { isAtDomain } from '../domains/domain-name.js';
import { holdValidatedDomains, validatedDomains } from '../domains/domain-rows.js';
import type { Log } from '../log.js';
import { defaultPace } from './pace.js';
import { rotated, unexpired } from './secrets.js';
import type { TrustedHosts } from './trusted-hosts.js';
import { changedWebhook, isValidated, newWebhook, webhookKey } from './webhook.js';
import type { Webhook, WebhookSurroundings } from './webhook.js';
import * as store from './webhook-store.js';

/** Whom a receiver was asked to agree to, and for what. */
export interface Asked {
  readonly account: string;
  readonly id: string;
  readonly handler: string;
  readonly origin: string;
}

/** What may be done with webhooks. Each change is one transaction, and one line in the log. */
export class Webhooks {
  constructor(
    private readonly database: Database,
    private readonly encryptionKeys: EncryptionKeys,
    private readonly trusted: TrustedHosts,
    private readonly log: Log,
    /** What we call ourselves to receivers of CloudEvents. */
    private readonly origin: string,
    private readonly now: () => Date = () => new Date(),
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

  async change(
    { account, token }: Access,
    id: string,
    given: UpdateWebhook,
    precondition: Precondition = unconditional,
  ): Promise<Webhook> {
    const changed = await this.database.transaction(async (transaction) => {
      const around = await this.#around(transaction, account);
      const webhook = await store.findWebhook(transaction, { id, account }, 'lock');
      if (webhook === undefined) throw unknownWebhook();
      precondition(entityTag(webhook.version));
      const next = changedWebhook(webhook, given, around);
      await store.saveWebhook(transaction, next);
      return next;
    });
    this.#say({ account, token }, id, 'webhook changed');
    return changed;
  }

  async delete({ account, token }: Access, id: string, precondition: Precondition = unconditional): Promise<void> {
    await this.database.transaction(async (transaction) => {
      const webhook = await store.findWebhook(transaction, { id, account }, 'lock');
      if (webhook === undefined) throw unknownWebhook();
      precondition(entityTag(webhook.version));
      await store.deleteWebhook(transaction, webhook);
    });
    this.#say({ account, token }, id, 'webhook deleted');
  }

  /** Throws `not_found` when the account has no such webhook. */
  async get({ account }: Pick<Access, 'account'>, id: string): Promise<Webhook> {
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

  /** What the requests of a webhook are verified with. Throws `not_found` for `form`. */
  async secret(caller: Access, id: string): Promise<SecretView> {
    return this.#showSecrets(await this.get(caller, id));
  }

  /**
   * Gives a webhook another secret or key pair; those before it go on signing for the overlap. Throws `not_found`, `invalid_request` for a secret
   * that is none or is in use already, or `too_many_secrets`.
   */
  async rotateSecret(
    { account, token }: Access,
    id: string,
    { secret: own, overlap }: RotateSecret,
    precondition: Precondition = unconditional,
  ): Promise<SecretView> {
    const changed = await this.database.transaction(async (transaction) => {
      const webhook = await store.findWebhook(transaction, { id, account }, 'lock');
      if (webhook === undefined) throw unknownWebhook();
      precondition(entityTag(webhook.version));
      const sealed = this.#sealNew(webhook, own);
      const secrets = rotated(webhook, sealed, { now: this.now(), overlapSeconds: overlap });
      const next = { ...webhook, ...secrets, version: webhook.version + 1 };
      await store.saveWebhook(transaction, next, 'secret_rotated');
      return next;
    });
    this.#say({ account, token }, id, 'secret of the webhook rotated');
    return this.#showSecrets(changed);
  }

  /** Removes secrets that do not sign any more. Call it regularly. */
  async removeEndedSecrets(): Promise<void> {
    const now = this.now();
    const changed = await this.database.transaction(async (transaction) => {
      const webhooks = await store.lockWithEndedSecrets(transaction, now);
      for (const webhook of webhooks)
        await store.saveWebhook(transaction, {
          ...webhook,
          ...unexpired(webhook, now),
          version: webhook.version + 1,
        });
      return webhooks;
    });
    for (const { account, id } of changed) this.log.info({ account, webhook: id }, 'old secret of the webhook removed');
  }

  /** All that sign the requests of a webhook at present, the newest first; none for `form`. */
  secrets(webhook: Pick<Webhook, 'id' | 'secrets' | 'secretEnds'>): string[] {
    return unexpired(webhook, this.now()).secrets.map((sealed) => this.#open(webhook, sealed));
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

  /**
   * Notes that the receiver of a CloudEvents webhook has agreed, to so many requests a minute (null: any number), unless it was asked for
   * another handler since. Returns whether it was noted.
   */
  async agree({ account, id, handler, origin }: Asked, rate: number | null): Promise<boolean> {
    const agreed = await this.database.transaction(async (transaction) => {
      const webhook = await store.findWebhook(transaction, { id, account }, 'lock');
      if (webhook?.format !== 'cloudevents' || webhook.handler !== handler) return false;
      const { consent: before } = webhook;
      if (before !== null && before.rate === rate && webhook.origin === origin) return true;
      const consent = { at: this.now(), rate };
      await store.saveWebhook(transaction, {
        ...webhook,
        ...{ consent, origin, validated: true, version: webhook.version + 1 },
      });
      return true;
    });
    if (agreed) this.log.info({ account, webhook: id, origin, rate }, 'the receiver of the webhook has agreed');
    return agreed;
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
      (webhook) =>
        webhook.validated !== isValidated(webhook, this.#trusts(webhook.handler, domains.get(webhook.account))),
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
      newSecret: (id, signature) => seal(this.encryptionKeys, newSecret(signature), webhookKey(id)),
      now: this.now(),
      origin: this.origin,
      pace: await defaultPace(transaction, account),
    };
  }

  #sealNew(webhook: Webhook, own: string | undefined): string {
    if (webhook.secrets.length === 0) throw withoutSecret();
    const inUse = webhook.secrets.map((sealed) => this.#open(webhook, sealed));
    const secret = own === undefined ? newSecret(webhook.signature) : ownSecret(own, webhook.signature);
    if (inUse.includes(secret)) throw wrongSecret('is in use already: send another one, or none');
    return seal(this.encryptionKeys, secret, webhookKey(webhook.id));
  }

  #showSecrets(webhook: Webhook): SecretView {
    const { secrets, secretEnds } = unexpired(webhook, this.now());
    const [newest, ...older] = secrets;
    if (newest === undefined) throw withoutSecret();
    const previous = secretEnds.flatMap((end, index) => {
      const sealed = older[index];
      return sealed === undefined ? [] : [previousView(this.#open(webhook, sealed), end)];
    });
    return { ...verificationView(this.#open(webhook, newest)), previous };
  }

  #open({ id }: Pick<Webhook, 'id'>, sealed: string): string {
    return open(this.encryptionKeys, sealed, webhookKey(id)).toString('utf8');
  }

  /** Whether a handler needs no verification file (spec section 7.2). */
  #trusts(handler: string, domains: readonly string[] = []): boolean {
    return this.trusted.trusts(handler) || domains.some((domain) => isAtDomain(handler, domain));
  }

  #say({ account, token }: Pick<Access, 'account' | 'token'>, webhook: string, what: string): void {
    this.log.info({ account, token, webhook }, what);
  }
}

function withoutSecret(): ApiError {
  return new ApiError('not_found', 'Webhooks of the format form have no secret.');
}

function newSecret(signature: SignatureVersion): string {
  return signature === 'v1a' ? generateWebhookKeyPair().privateKey : generateWebhookSecret();
}

/** A private key stays here; its public key is shown. */
function verificationView(secret: string): VerificationView {
  return secret.startsWith('whsk_')
    ? { signature: 'v1a', publicKey: webhookPublicKeyOf(secret) }
    : { signature: 'v1', secret };
}

function previousView(secret: string, end: Date): PreviousSecretView {
  const view = verificationView(secret);
  const until = end.toISOString();
  return view.signature === 'v1a' ? { ...view, until } : { signature: view.signature, until };
}

/** A caller's own secret, by the bounds of Standard Webhooks. */
function ownSecret(text: string, signature: SignatureVersion): string {
  if (signature === 'v1a') throw wrongSecret('is only for the signature v1: key pairs are made here. Leave it out');
  try {
    parseWebhookSecret(text);
    return text;
  } catch (error) {
    if (error instanceof SigningError) throw wrongSecret('must be whsec_ and base64 of 24 to 64 bytes');
    throw error;
  }
}

function wrongSecret(message: string): ApiError {
  return new ApiError('invalid_request', `secret: ${message}`, { errors: [{ path: 'secret', message }] });
}

function unknownWebhook(): ApiError {
  return new ApiError('not_found', 'No entity with supplied ID');
}
