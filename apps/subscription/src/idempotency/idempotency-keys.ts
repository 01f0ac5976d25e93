import { createHash } from 'node:crypto';
import { ApiError } from '@postduif/contracts';
import { open, seal } from '@postduif/signing';
import type { EncryptionKeys } from '@postduif/signing';
import type { Database, Queries } from '../database/database.js';

/** What was answered, to be answered again. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As JSON can hold it; undefined: none. */
  readonly body?: unknown;
}

export interface KeyedRequest {
  readonly account: string;
  /** Id of the token that asks. No other one gets its answers: they show what it may see, and may hold secrets. */
  readonly token: string;
  /** The value of `Idempotency-Key`. */
  readonly key: string;
  readonly method: string;
  /** Without parameters: these may hold a token. */
  readonly path: string;
  /** As it was understood. */
  readonly body: unknown;
}

const KEEP_HOURS = 24;
const RETRY_AFTER_SECONDS = 1;

/**
 * Makes a repeated request harmless: it is answered as the first time. The key is stored in the transaction of the change, so there is never
 * one without the other. A request that was refused leaves no key. Answers may hold secrets (a new token) and are sealed.
 */
export class IdempotencyKeys {
  constructor(
    private readonly database: Database,
    private readonly encryptionKeys: EncryptionKeys,
  ) {}

  /**
   * Performs a request, or gives the answer that it was given before.
   *
   * @param perform every statement in it joins the transaction of the key
   * @throws {ApiError} `idempotency_key_reused`, `idempotency_key_in_use`
   */
  once(
    request: KeyedRequest,
    perform: () => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly repeated: boolean }> {
    return this.database.enclosing(async (transaction) => {
      await lock(transaction, request);
      const fingerprint = fingerprintOf(request);
      const known = await this.#find(transaction, request, fingerprint);
      if (known !== undefined) return { answer: known, repeated: true };
      const answer = await perform();
      await this.#store(transaction, request, fingerprint, answer);
      return { answer, repeated: false };
    });
  }

  /** Forgets keys that are older than they have to be. Call it regularly. */
  async prune(): Promise<void> {
    await this.database.query(
      'DELETE FROM config.idempotency_keys WHERE created_at < now() - make_interval(hours => $1)',
      [KEEP_HOURS],
    );
  }

  async #find(transaction: Queries, request: KeyedRequest, fingerprint: string): Promise<Answer | undefined> {
    const [row] = await transaction.query<{ fingerprint: string; answer: string }>(
      `SELECT fingerprint, answer FROM config.idempotency_keys
       WHERE account = $1 AND key = $2 AND created_at >= now() - make_interval(hours => $3)`,
      [request.account, nameOf(request), KEEP_HOURS],
    );
    if (row === undefined) return undefined;
    if (row.fingerprint !== fingerprint) throw new ApiError('idempotency_key_reused');
    const text = open(this.encryptionKeys, row.answer, contextOf(request)).toString('utf8');
    return JSON.parse(text) as Answer;
  }

  async #store(transaction: Queries, request: KeyedRequest, fingerprint: string, answer: Answer): Promise<void> {
    const sealed = seal(this.encryptionKeys, JSON.stringify(answer), contextOf(request));
    await transaction.query(
      `INSERT INTO config.idempotency_keys (account, key, fingerprint, answer) VALUES ($1, $2, $3, $4)
       ON CONFLICT (account, key) DO UPDATE SET fingerprint = $3, answer = $4, created_at = now()`,
      [request.account, nameOf(request), fingerprint, sealed],
    );
  }
}

/** The lock ends with the transaction, also when the process dies. */
async function lock(transaction: Queries, request: KeyedRequest): Promise<void> {
  const [row] = await transaction.query<{ free: boolean }>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS free',
    [contextOf(request)],
  );
  if (row?.free !== true)
    throw new ApiError('idempotency_key_in_use', undefined, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

function contextOf(request: KeyedRequest): string {
  return `idempotency-key/${request.account}/${nameOf(request)}`;
}

/** A key within its account. */
function nameOf({ token, key }: KeyedRequest): string {
  return `${token}/${key}`;
}

function fingerprintOf({ method, path, body }: KeyedRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([method, path, body ?? null]))
    .digest('hex');
}
