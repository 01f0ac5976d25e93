import type { Access } from '@postduif/access';
import { configKey } from '@postduif/contracts';
import type { ConfigChange, WebhookSnapshot } from '@postduif/contracts';
import { toSnapshot } from '../webhooks/webhook.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import type { ConfigChanges, Inbox } from './config-changes.js';

export type WebhookEvent =
  | { readonly kind: 'changed'; readonly webhook: WebhookSnapshot }
  | { readonly kind: 'deleted'; readonly id: string }
  | { readonly kind: 'synced' };

export interface WatchOptions {
  readonly caller: Access;
  /** What the watcher has: id to version. */
  readonly known: Readonly<Record<string, number>>;
  readonly webhooks: Pick<Webhooks, 'listAfter'>;
  readonly changes: Pick<ConfigChanges, 'open'>;
  /** Called when something has changed of the account or its tokens; throws when the watcher may not watch any more. */
  readonly checkAccess: () => Promise<void>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

const PAGE = 500;
const WEBHOOK_PREFIX = configKey('webhook', '');
/** Newer than every version: ids are never used again. */
const GONE = Infinity;

/**
 * The present state from the database, then changes from the topic. The topic is followed before the database is read, so that
 * nothing is missed in between; what comes twice or late is known by its version.
 */
export class WebhookWatch {
  readonly #known: Map<string, number>;

  constructor(private readonly options: WatchOptions) {
    this.#known = new Map(Object.entries(options.known));
  }

  async *events(): AsyncGenerator<WebhookEvent, void, undefined> {
    const inbox = this.options.changes.open((change) => this.#concerns(change));
    try {
      yield* this.#presentState();
      if (!this.options.signal.aborted) yield { kind: 'synced' };
      yield* this.#later(inbox);
    } finally {
      inbox.close();
    }
  }

  async *#presentState(): AsyncGenerator<WebhookEvent, void, undefined> {
    const { caller, webhooks, signal } = this.options;
    const missing = new Set(this.#known.keys());
    for (let after = '0'; !signal.aborted;) {
      const page = await webhooks.listAfter({ account: caller.account, trigger: undefined }, { after, limit: PAGE });
      for (const webhook of page) {
        missing.delete(webhook.id);
        if (this.#known.get(webhook.id) === webhook.version) continue;
        this.#known.set(webhook.id, webhook.version);
        yield { kind: 'changed', webhook: toSnapshot(webhook) };
      }
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
    if (!signal.aborted) for (const id of missing) yield this.#deleted(id);
  }

  async *#later(inbox: Inbox): AsyncGenerator<WebhookEvent, void, undefined> {
    const { signal, checkAccess } = this.options;
    while (!signal.aborted) {
      for (const change of await inbox.take(signal)) {
        if (!change.key.startsWith(WEBHOOK_PREFIX)) await checkAccess();
        else yield* this.#news(change);
      }
    }
  }

  *#news({ key, snapshot }: ConfigChange): Generator<WebhookEvent, void, undefined> {
    const id = key.slice(WEBHOOK_PREFIX.length);
    const version = this.#known.get(id);
    if (snapshot === null) {
      if (version !== undefined && version !== GONE) yield this.#deleted(id);
    } else if (snapshot.kind === 'webhook' && snapshot.version > (version ?? 0)) {
      this.#known.set(id, snapshot.version);
      yield { kind: 'changed', webhook: snapshot };
    }
  }

  #deleted(id: string): WebhookEvent {
    this.#known.set(id, GONE);
    return { kind: 'deleted', id };
  }

  /** A deletion does not say whose webhook it was. */
  #concerns({ key, snapshot }: ConfigChange): boolean {
    const { account } = this.options.caller;
    if (key === configKey('account', account)) return true;
    return key.startsWith(WEBHOOK_PREFIX) && (snapshot === null || Reflect.get(snapshot, 'account') === account);
  }
}
