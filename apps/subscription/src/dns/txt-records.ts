import { Resolver } from 'node:dns/promises';

const TIMEOUT_MS = 2_000;
const TRIES = 2;
/** The name servers have answered, and there is nothing. */
const NOTHING = ['ENOTFOUND', 'ENODATA'];

/** Nobody could tell what stands in DNS. */
export class DnsUnanswered extends Error {
  override readonly name = 'DnsUnanswered';

  /** @param code such as `ETIMEOUT` or `ESERVFAIL` */
  constructor(
    readonly code: string,
    options: ErrorOptions,
  ) {
    super(`The name servers gave no answer (${code}).`, options);
  }
}

export interface TxtRecords {
  /** The TXT records of a name, each in one piece; CNAME records are followed. Throws `DnsUnanswered`. */
  find(name: string): Promise<readonly string[]>;
}

/** TXT records as the name servers tell them now. */
export class DnsTxtRecords implements TxtRecords {
  readonly #resolver: Resolver;

  /** @param servers recursive name servers, `address[:port]`; by default those of the system */
  constructor(servers?: readonly string[], { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    this.#resolver = new Resolver({ timeout: timeoutMs, tries: TRIES });
    if (servers !== undefined) this.#resolver.setServers(servers);
  }

  async find(name: string): Promise<readonly string[]> {
    try {
      const records = await this.#resolver.resolveTxt(name);
      return records.map((strings) => strings.join(''));
    } catch (error) {
      const code = codeOf(error);
      if (NOTHING.includes(code)) return [];
      throw new DnsUnanswered(code, { cause: error });
    }
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'unknown';
}
