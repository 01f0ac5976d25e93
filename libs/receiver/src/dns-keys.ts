import type { KeyObject } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { parseDnsRecord, SigningError } from '@postduif/signing';
import { ReceiverError } from './errors.js';

/** TXT records of a name, each as its strings; as `resolveTxt` of node:dns/promises. */
export type ResolveTxt = (name: string) => Promise<readonly (readonly string[])[]>;

export interface DnsKeysOptions {
  /** Default: the name servers of the system, with 2 seconds and two tries for each. */
  readonly resolveTxt?: ResolveTxt;
  /** Seconds that a key is kept. Default 300, which is safe: senders publish a key days before they use it. */
  readonly keySeconds?: number;
  /** Keys that are kept. Default 100; the one that was looked up first makes place. */
  readonly maxKeys?: number;
}

/** Host names, and with an underscore the names of keys; in lower case. */
export const DNS_NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;
/** Seconds that the lack of a key is kept: strangers may name keys that do not exist, as fast as they like. */
const NO_KEY_SECONDS = 30;
/** What DNS says when a name or its TXT record does not exist. */
const NO_RECORD = new Set(['ENOTFOUND', 'ENODATA']);

interface Kept {
  readonly key: Promise<KeyObject | undefined>;
  until: number;
}

/** Public keys from DNS (spec section 6.4), kept for a while. Requests that come together look a key up once. */
export class DnsKeys {
  readonly #kept = new Map<string, Kept>();
  readonly #resolveTxt: ResolveTxt;
  readonly #keySeconds: number;
  readonly #maxKeys: number;

  constructor(
    { resolveTxt = systemResolver(), keySeconds = 300, maxKeys = 100 }: DnsKeysOptions,
    private readonly now: () => Date,
  ) {
    this.#resolveTxt = resolveTxt;
    this.#keySeconds = keySeconds;
    this.#maxKeys = maxKeys;
  }

  /**
   * The key under a DNS name; undefined when there is none.
   * Throws `SigningError` with `key_record_malformed`, and `ReceiverError` with `dns_failed`.
   */
  async find(keyId: string): Promise<KeyObject | undefined> {
    const name = keyId.toLowerCase();
    if (!DNS_NAME.test(name)) return undefined;
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.until > this.#seconds()) return kept.key;
    const lookUp = { key: this.#lookUp(name), until: this.#seconds() + this.#keySeconds };
    this.#keep(name, lookUp);
    return lookUp.key;
  }

  #keep(name: string, lookUp: Kept): void {
    // Deleted first, so that the order is that of looking up.
    this.#kept.delete(name);
    this.#kept.set(name, lookUp);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#maxKeys) break;
      this.#kept.delete(oldest);
    }
    const shorten = (seconds: number): void => {
      lookUp.until = Math.min(lookUp.until, this.#seconds() + seconds);
    };
    lookUp.key.then(
      (key) => {
        if (key === undefined) shorten(NO_KEY_SECONDS);
      },
      (error: unknown) => {
        shorten(error instanceof SigningError ? NO_KEY_SECONDS : 0);
      },
    );
  }

  async #lookUp(name: string): Promise<KeyObject | undefined> {
    const records = await this.#records(name);
    if (records.length > 1)
      throw new SigningError('key_record_malformed', `${name} has ${records.length} TXT records, and must have one`);
    const [record] = records;
    return record === undefined ? undefined : parseDnsRecord(record.join(''));
  }

  async #records(name: string): Promise<readonly (readonly string[])[]> {
    try {
      return await this.#resolveTxt(name);
    } catch (cause) {
      const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
      if (NO_RECORD.has(code)) return [];
      throw new ReceiverError('dns_failed', `${name}: ${code}`, { cause });
    }
  }

  #seconds(): number {
    return this.now().getTime() / 1_000;
  }
}

function systemResolver(): ResolveTxt {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  return (name) => resolver.resolveTxt(name);
}
