import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Forms of IPv6 that carry an IPv4 address, and the octet where that begins. A packet to them may end at the IPv4 address. */
const EMBEDDINGS: readonly { readonly prefix: [ipaddr.IPv6, number]; readonly at: number }[] = [
  // IPv4-mapped, RFC 4291 section 2.5.5.2
  { prefix: [ipaddr.IPv6.parse('::ffff:0:0'), 96], at: 12 },
  // IPv4-translated, RFC 2765 section 2.1
  { prefix: [ipaddr.IPv6.parse('::ffff:0:0:0'), 96], at: 12 },
  // NAT64, RFC 6052 section 2.1
  { prefix: [ipaddr.IPv6.parse('64:ff9b::'), 96], at: 12 },
  // IPv4-compatible, RFC 4291 section 2.5.5.1
  { prefix: [ipaddr.IPv6.parse('::'), 96], at: 12 },
  // 6to4, RFC 3056 section 2
  { prefix: [ipaddr.IPv6.parse('2002::'), 16], at: 2 },
];

/**
 * The address that decides where a packet ends: the embedded IPv4 address of an IPv6 address that carries one, else the address
 * itself. `undefined` for what is no address, or has a zone (`fe80::1%eth0`). Only the strict textual forms count, so `010.0.0.1`
 * and `127.1` are no addresses here; the URL parser has turned them into dotted ones before.
 */
export function effectiveAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const family = text.includes('%') ? 0 : isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return ipaddr.IPv4.parse(text);
  const address = ipaddr.IPv6.parse(text);
  return embeddedIPv4(address) ?? address;
}

function embeddedIPv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  if (isUnspecifiedOrLoopback(address)) return undefined;
  const embedding = EMBEDDINGS.find(({ prefix }) => address.match(prefix));
  if (embedding === undefined) return undefined;
  return new ipaddr.IPv4(address.toByteArray().slice(embedding.at, embedding.at + 4));
}

/** `::` and `::1` look IPv4-compatible but are not (RFC 4291 sections 2.5.2 and 2.5.3). */
function isUnspecifiedOrLoopback(address: ipaddr.IPv6): boolean {
  return address.parts.every((part, index) => (index === 7 ? part <= 1 : part === 0));
}

/** Whether a range of IPv6 lies within a form that embeds IPv4, so that it would never match an effective address. */
export function withinEmbedding(address: ipaddr.IPv6, prefixLength: number): boolean {
  return EMBEDDINGS.some(({ prefix }) => prefixLength >= prefix[1] && address.match(prefix));
}
