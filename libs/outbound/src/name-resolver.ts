/** What a name leads to. */
export interface ResolvedName {
  /** Addresses in the order of preference; empty when the name exists but has none. */
  readonly addresses: readonly string[];
  /** How long the answer may be used. */
  readonly ttlSeconds: number;
}

/** Looks host names up. Tests pass one that lies. */
export interface NameResolver {
  /**
   * @throws {ExchangeError} `dns_not_found` when the name does not exist, `dns_failed` when nobody could tell, `out_of_sockets` when
   * nobody could be asked
   */
  resolve(hostname: string): Promise<ResolvedName>;
}

export interface CachingResolverOptions {
  /** Longest use of an answer, in seconds, whatever its TTL says. 0 turns the cache off. Default 30. */
  readonly maxSeconds?: number;
  /** Names kept; the oldest answer goes first. Default 10,000. */
  readonly maxNames?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Keeps answers for their TTL, but never longer than `maxSeconds`, and asks once for look-ups of a name at the same time.
 * Failures are not kept.
 */
export class CachingResolver implements NameResolver {
  readonly #answers = new Map<string, { readonly name: ResolvedName; readonly until: number }>();
  readonly #pending = new Map<string, Promise<ResolvedName>>();
  readonly #source: NameResolver;
  readonly #maxSeconds: number;
  readonly #maxNames: number;
  readonly #now: () => number;

  constructor(source: NameResolver, options: CachingResolverOptions = {}) {
    this.#source = source;
    this.#maxSeconds = options.maxSeconds ?? 30;
    this.#maxNames = options.maxNames ?? 10_000;
    this.#now = options.now ?? (() => performance.now());
  }

  resolve(hostname: string): Promise<ResolvedName> {
    const answer = this.#answers.get(hostname);
    if (answer !== undefined && answer.until > this.#now()) return Promise.resolve(answer.name);
    const pending = this.#pending.get(hostname);
    if (pending !== undefined) return pending;
    const asked = this.#ask(hostname).finally(() => this.#pending.delete(hostname));
    this.#pending.set(hostname, asked);
    return asked;
  }

  async #ask(hostname: string): Promise<ResolvedName> {
    this.#answers.delete(hostname);
    const name = await this.#source.resolve(hostname);
    const seconds = Math.min(name.ttlSeconds, this.#maxSeconds);
    if (seconds > 0) this.#keep(hostname, name, seconds);
    return name;
  }

  #keep(hostname: string, name: ResolvedName, seconds: number): void {
    if (this.#answers.size >= this.#maxNames) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    this.#answers.set(hostname, { name, until: this.#now() + seconds * 1_000 });
  }
}
