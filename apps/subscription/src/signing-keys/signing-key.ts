import type { RecordCheck } from '../dns/record-check.js';

interface Next {
  readonly state: 'next';
  readonly activatedAt: null;
  readonly retiredAt: null;
}

interface Active {
  readonly state: 'active';
  readonly activatedAt: Date;
  readonly retiredAt: null;
}

interface Retired {
  readonly state: 'retired';
  readonly activatedAt: Date;
  readonly retiredAt: Date;
}

/** Where a key is in its life: shown before its first use, signing, or kept in DNS for what it has signed. */
export type KeyLife = Next | Active | Retired;

/** What is known of a key's record in DNS. */
export interface Sighting {
  /** Since when the record has been seen without interruption; null while it is not seen. */
  readonly visibleSince: Date | null;
  /** When it was last seen. */
  readonly seenAt: Date | null;
  /** The last look. */
  readonly dns: RecordCheck | null;
}

/** A key that signs requests, as far as its rotation is concerned. */
export type SigningKey = KeyLife &
  Sighting & {
    readonly id: string;
    /** Whose requests it signs; null: those of all accounts that have no active key of their own. */
    readonly account: string | null;
    readonly domain: string;
    /** Complete DNS name of its record. */
    readonly keyId: string;
    readonly createdAt: Date;
  };

export function isActive<K extends SigningKey>(key: K): key is K & Active {
  return key.state === 'active';
}

export function activeFrom(activatedAt: Date): Active {
  return { state: 'active', activatedAt, retiredAt: null };
}

export function retiredFrom({ activatedAt }: Active, retiredAt: Date): Retired {
  return { state: 'retired', activatedAt, retiredAt };
}
