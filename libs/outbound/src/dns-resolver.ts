import { Resolver } from 'node:dns/promises';
import { codeOf } from './error-code.js';
import { ExchangeError } from './errors.js';
import { HostsFile } from './hosts-file.js';
import { CachingResolver, type NameResolver, type ResolvedName } from './name-resolver.js';

export interface DnsResolverOptions {
  /** Name servers, `address[:port]`. Default: those of the system. */
  readonly servers?: readonly string[];
  /** Path of the hosts file. Default: the system's. */
  readonly hostsFile?: string;
  /** First wait for a name server, in milliseconds; doubles at the second and last try. Default 2,000. */
  readonly timeoutMs?: number;
}

/**
 * Looks names up in the system's hosts file, then with c-ares in DNS. Not with `dns.lookup`: its getaddrinfo runs on the four
 * threads of libuv that the whole process shares, so one domain with dead name servers would hold up the look-ups and the
 * signatures of everybody else. What getaddrinfo also does is left out: search domains, mDNS, NSS modules.
 */
export class DnsResolver implements NameResolver {
  readonly #dns: Resolver;
  readonly #hosts: HostsFile;

  constructor({ servers, hostsFile, timeoutMs = 2_000 }: DnsResolverOptions = {}) {
    this.#dns = new Resolver({ timeout: timeoutMs, tries: 2 });
    if (servers !== undefined) this.#dns.setServers(servers);
    this.#hosts = new HostsFile(hostsFile);
  }

  async resolve(hostname: string): Promise<ResolvedName> {
    const listed = await this.#hosts.addressesOf(hostname);
    if (listed.length > 0) return { addresses: listed, ttlSeconds: 1 };
    // RFC 6761 section 6.3: never ask DNS for these.
    if (/(^|\.)localhost$/i.test(hostname)) return { addresses: ['127.0.0.1', '::1'], ttlSeconds: 1 };
    return this.#ask(hostname);
  }

  async #ask(hostname: string): Promise<ResolvedName> {
    const answers = await Promise.allSettled([
      this.#dns.resolve4(hostname, { ttl: true }),
      this.#dns.resolve6(hostname, { ttl: true }),
    ]);
    const records = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (records.length === 0) throw failure(answers);
    return {
      addresses: records.map(({ address }) => address),
      ttlSeconds: Math.max(1, Math.min(...records.map(({ ttl }) => ttl))),
    };
  }
}

/** The name does not exist only if both questions were answered so; one that was not answered may have had the address. */
function failure(answers: readonly PromiseSettledResult<unknown>[]): ExchangeError {
  const causes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  const unanswered = causes.find((cause) => !isNegativeAnswer(cause));
  if (unanswered === undefined) return new ExchangeError('dns_not_found', { cause: causes[0] });
  return new ExchangeError('dns_failed', { detail: codeOf(unanswered), cause: unanswered });
}

function isNegativeAnswer(cause: unknown): boolean {
  return ['ENOTFOUND', 'ENODATA', 'EBADNAME'].includes(codeOf(cause));
}

/** What a service uses: hosts file and DNS, answers kept at most 30 seconds. */
export function systemResolver(): NameResolver {
  return new CachingResolver(new DnsResolver());
}
