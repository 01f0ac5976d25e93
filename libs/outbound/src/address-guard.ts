import { isIP } from 'node:net';
import type ipaddr from 'ipaddr.js';
import { parseAllowedRange, type AllowedRange } from './allow-list.js';
import { systemResolver } from './dns-resolver.js';
import { effectiveAddress } from './embedded-address.js';
import { ExchangeError } from './errors.js';
import type { NameResolver } from './name-resolver.js';
import {
  GLOBAL_UNICAST_IPV6,
  METADATA_ADDRESSES,
  SPECIAL_IPV4,
  SPECIAL_IPV6,
  type SpecialRange,
} from './special-addresses.js';

export type AddressVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export interface AddressGuardOptions {
  /**
   * Addresses and CIDR ranges that may be reached although they are not public (see `parseAllowList`). A range of IPv4 also holds
   * for the IPv6 forms that embed it. Default: none.
   */
  readonly allow?: readonly string[];
  /** Default: hosts file and DNS, answers kept at most 30 seconds. */
  readonly resolver?: NameResolver;
}

const ALLOWED: AddressVerdict = { allowed: true };

/**
 * Decides which addresses requests may go to: public unicast ones, and those that the operator allows. Sender and guard together
 * keep the promise that no request reaches any other address, whatever DNS says: a host is looked up here and nowhere else, and
 * the connection goes to exactly the addresses that this look-up gave.
 */
export class AddressGuard {
  readonly #allow: readonly AllowedRange[];
  readonly #resolver: NameResolver;

  /** @throws {AllowListError} when an entry of `allow` is not right */
  constructor({ allow = [], resolver = systemResolver() }: AddressGuardOptions = {}) {
    this.#allow = allow.map(parseAllowedRange);
    this.#resolver = resolver;
  }

  /**
   * Looks a host up and checks every address. One address that is refused refuses the host: who publishes a mixture is up to
   * something, or has a mistake to correct.
   *
   * @param hostname a domain name or an address without brackets (`ParsedHandlerUrl.hostname`)
   * @returns the addresses to connect to, at least one, in the order of preference
   * @throws {ExchangeError} `dns_not_found`, `dns_failed` or `address_not_allowed`
   */
  async resolve(hostname: string): Promise<readonly string[]> {
    const addresses = isIP(hostname) === 0 ? (await this.#resolver.resolve(hostname)).addresses : [hostname];
    if (addresses.length === 0) throw new ExchangeError('dns_not_found');
    for (const address of addresses) {
      const verdict = this.judge(address);
      if (!verdict.allowed) {
        throw new ExchangeError('address_not_allowed', { detail: `${address}: ${verdict.reason}` });
      }
    }
    return addresses;
  }

  /** The verdict on one address, in any textual form of IPv4 or IPv6. What is no address is refused. */
  judge(text: string): AddressVerdict {
    const address = effectiveAddress(text);
    if (address === undefined) return { allowed: false, reason: 'not an address' };
    const metadata = METADATA_ADDRESSES.get(address.toString());
    if (this.#allow.some(({ range, exact }) => (exact || metadata === undefined) && contains(range, address)))
      return ALLOWED;
    const reason = metadata ?? specialPurpose(address);
    return reason === undefined ? ALLOWED : { allowed: false, reason };
  }
}

function specialPurpose(address: ipaddr.IPv4 | ipaddr.IPv6): string | undefined {
  const table = address.kind() === 'ipv4' ? SPECIAL_IPV4 : SPECIAL_IPV6;
  const purpose = table.find(({ range }) => contains(range, address))?.purpose;
  if (purpose !== undefined || address.kind() === 'ipv4') return purpose;
  return contains(GLOBAL_UNICAST_IPV6.range, address) ? undefined : 'outside global unicast, RFC 4291';
}

function contains(range: SpecialRange['range'], address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return range[0].kind() === address.kind() && address.match(range[0], range[1]);
}
