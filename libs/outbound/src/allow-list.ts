import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { effectiveAddress, withinEmbedding } from './embedded-address.js';
import { OutboundError } from './errors.js';

/** An entry of the list of allowed addresses is not right. The message names the entry and what to write instead. */
export class AllowListError extends OutboundError {
  override readonly name = 'AllowListError';
  readonly code = 'allow_list_invalid';
}

/** An allowed range; `exact` when it is a single address. */
export interface AllowedRange {
  readonly range: [ipaddr.IPv4 | ipaddr.IPv6, number];
  readonly exact: boolean;
}

/**
 * Reads the operator's setting: CIDR ranges and single addresses, separated by commas or white space. Empty allows nothing beyond
 * the public addresses.
 *
 * @returns the entries, for the option `allow` of `AddressGuard`
 * @throws {AllowListError} for the first entry that is not right
 */
export function parseAllowList(setting: string): string[] {
  const entries = setting.split(/[\s,]+/).filter((entry) => entry !== '');
  for (const entry of entries) parseAllowedRange(entry);
  return entries;
}

/**
 * Reads one entry: `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`, `::1`. A range or address of IPv4 written as IPv4-mapped IPv6 is that
 * range of IPv4.
 *
 * @throws {AllowListError}
 */
export function parseAllowedRange(entry: string): AllowedRange {
  const [text = '', lengthText, ...rest] = entry.split('/');
  const family = text.includes('%') ? 0 : isIP(text);
  if (family === 0 || rest.length > 0) {
    throw new AllowListError(
      `"${entry}" is not an address or a CIDR range. Write it like 10.0.0.0/8, 192.0.2.7 or fd00::/8.`,
    );
  }
  const bits = family === 4 ? 32 : 128;
  const length = lengthText === undefined ? bits : prefixLength(entry, lengthText, bits);
  if (length === bits) return single(text);
  const address = ipaddr.parse(text);
  checkHostBits(entry, address, length);
  if (!(address instanceof ipaddr.IPv6)) return { range: [address, length], exact: false };
  return ipv6Range(entry, address, length);
}

function prefixLength(entry: string, text: string, bits: number): number {
  const length = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  if (length <= bits) return length;
  throw new AllowListError(`"${entry}" has no valid prefix length. Write a number from 0 to ${bits} after the slash.`);
}

function single(text: string): AllowedRange {
  const address = effectiveAddress(text) ?? ipaddr.parse(text);
  return { range: [address, address.kind() === 'ipv4' ? 32 : 128], exact: true };
}

function checkHostBits(entry: string, address: ipaddr.IPv4 | ipaddr.IPv6, length: number): void {
  const cidr = `${address.toString()}/${length}`;
  const network =
    address.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr);
  if (network.toString() === address.toString()) return;
  throw new AllowListError(
    `"${entry}" has bits set beyond its prefix. Write ${network.toString()}/${length} for the range, or ${address.toString()} for the address.`,
  );
}

function ipv6Range(entry: string, address: ipaddr.IPv6, length: number): AllowedRange {
  if (length >= 96 && address.isIPv4MappedAddress()) {
    return { range: [address.toIPv4Address(), length - 96], exact: false };
  }
  if (withinEmbedding(address, length)) {
    throw new AllowListError(
      `"${entry}" is a range of IPv6 addresses that embed IPv4 addresses. Write the IPv4 range instead.`,
    );
  }
  return { range: [address, length], exact: false };
}
