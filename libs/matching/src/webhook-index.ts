import { configKey } from '@postduif/contracts';
import type { ConfigChange, Event, WebhookSnapshot } from '@postduif/contracts';
import { wants } from './wants.js';

const WEBHOOK_PREFIX = configKey('webhook', '');

/** The webhooks of all accounts in memory, from the topic `config`, by account, trigger and database. */
export class WebhookIndex {
  readonly #byId = new Map<string, WebhookSnapshot>();
  readonly #bySubject = new Map<string, Map<string, WebhookSnapshot>>();

  /** Webhooks that are known, disabled ones included. */
  get size(): number {
    return this.#byId.size;
  }

  /** Takes in a record of `config`; other kinds are ignored. The last record counts: versions go back when a backup is restored. */
  apply({ key, snapshot }: ConfigChange): void {
    if (!key.startsWith(WEBHOOK_PREFIX)) return;
    const id = key.slice(WEBHOOK_PREFIX.length);
    if (snapshot === null) this.#remove(id);
    else if (snapshot.kind === 'webhook') this.#put(id, snapshot);
  }

  /** The webhooks that want an event. Looks at those of its account and trigger only that have its database, or none. */
  match(event: Event): WebhookSnapshot[] {
    const found: WebhookSnapshot[] = [];
    for (const database of event.database === undefined ? [undefined] : [undefined, event.database])
      for (const webhook of this.#bySubject.get(subject(event.account, event.type, database))?.values() ?? [])
        if (wants(webhook, event)) found.push(webhook);
    return found;
  }

  #put(id: string, webhook: WebhookSnapshot): void {
    this.#remove(id);
    this.#byId.set(id, webhook);
    const name = subjectOf(webhook);
    const webhooks = this.#bySubject.get(name) ?? new Map<string, WebhookSnapshot>();
    this.#bySubject.set(name, webhooks.set(id, webhook));
  }

  #remove(id: string): void {
    const webhook = this.#byId.get(id);
    if (webhook === undefined) return;
    this.#byId.delete(id);
    const name = subjectOf(webhook);
    const webhooks = this.#bySubject.get(name);
    webhooks?.delete(id);
    if (webhooks?.size === 0) this.#bySubject.delete(name);
  }
}

function subjectOf({ account, trigger, database }: WebhookSnapshot): string {
  return subject(account, trigger, database);
}

/** The id of an account has no slash. */
function subject(account: string, trigger: string, database: number | undefined): string {
  return `${account}/${database ?? ''}/${trigger}`;
}
