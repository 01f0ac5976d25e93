import ipaddr from 'ipaddr.js';

/** A range of addresses that requests never go to, unless the operator allows it. */
export interface SpecialRange {
  readonly range: readonly [ipaddr.IPv4 | ipaddr.IPv6, number];
  readonly cidr: string;
  /** What the range is for, with its source. */
  readonly purpose: string;
}

const special = (cidr: string, purpose: string): SpecialRange => ({ range: ipaddr.parseCIDR(cidr), cidr, purpose });

/** IANA IPv4 Special-Purpose Address Registry, and multicast and reserved space (RFC 5771, RFC 1112). */
export const SPECIAL_IPV4: readonly SpecialRange[] = [
  special('0.0.0.0/8', 'this network, RFC 791'),
  special('10.0.0.0/8', 'private, RFC 1918'),
  special('100.64.0.0/10', 'carrier-grade NAT, RFC 6598'),
  special('127.0.0.0/8', 'loopback, RFC 1122'),
  special('169.254.0.0/16', 'link-local, RFC 3927'),
  special('172.16.0.0/12', 'private, RFC 1918'),
  special('192.0.0.0/24', 'IETF protocol assignments, RFC 6890'),
  special('192.0.2.0/24', 'documentation, RFC 5737'),
  special('192.31.196.0/24', 'AS112, RFC 7535'),
  special('192.52.193.0/24', 'AMT, RFC 7450'),
  special('192.88.99.0/24', '6to4 relay anycast, RFC 7526'),
  special('192.168.0.0/16', 'private, RFC 1918'),
  special('192.175.48.0/24', 'AS112, RFC 7534'),
  special('198.18.0.0/15', 'benchmarking, RFC 2544'),
  special('198.51.100.0/24', 'documentation, RFC 5737'),
  special('203.0.113.0/24', 'documentation, RFC 5737'),
  special('224.0.0.0/4', 'multicast, RFC 5771'),
  special('255.255.255.255/32', 'broadcast, RFC 919'),
  special('240.0.0.0/4', 'reserved, RFC 1112'),
];

/**
 * IANA IPv6 Special-Purpose Address Registry, and what RFC 4291 sets apart. Forms that embed an IPv4 address (mapped, compatible,
 * NAT64, 6to4) are not here: they are judged by that address. What lies outside global unicast (2000::/3) and is not listed is
 * refused as well, so the list only has to name what to tell people.
 */
export const SPECIAL_IPV6: readonly SpecialRange[] = [
  special('::/128', 'unspecified, RFC 4291'),
  special('::1/128', 'loopback, RFC 4291'),
  special('64:ff9b:1::/48', 'local-use NAT64, RFC 8215'),
  special('100::/64', 'discard-only, RFC 6666'),
  special('100:0:0:1::/64', 'dummy prefix, RFC 9780'),
  special('2001::/32', 'Teredo, RFC 4380'),
  special('2001:2::/48', 'benchmarking, RFC 5180'),
  special('2001:10::/28', 'ORCHID, RFC 4843'),
  special('2001:20::/28', 'ORCHIDv2, RFC 7343'),
  special('2001::/23', 'IETF protocol assignments, RFC 2928'),
  special('2001:db8::/32', 'documentation, RFC 3849'),
  special('2620:4f:8000::/48', 'AS112, RFC 7534'),
  special('3fff::/20', 'documentation, RFC 9637'),
  special('5f00::/16', 'segment routing, RFC 9602'),
  special('fc00::/7', 'unique local, RFC 4193'),
  special('fe80::/10', 'link-local, RFC 4291'),
  special('fec0::/10', 'site-local, RFC 3879'),
  special('ff00::/8', 'multicast, RFC 4291'),
];

/** IANA IPv6 Address Space: the only space from which public unicast addresses are given out (RFC 4291). */
export const GLOBAL_UNICAST_IPV6: SpecialRange = special('2000::/3', 'global unicast, RFC 4291');

/**
 * Addresses where clouds hand credentials to whoever asks from inside. Allowing a range around one does not open it: only its
 * exact address does.
 */
export const METADATA_ADDRESSES: ReadonlyMap<string, string> = new Map([
  ['169.254.169.254', 'metadata of AWS, Azure, Google Cloud, Oracle, DigitalOcean and others'],
  ['169.254.170.2', 'task credentials of AWS ECS'],
  ['169.254.170.23', 'pod credentials of AWS EKS'],
  ['169.254.0.23', 'metadata of Tencent Cloud'],
  ['169.254.42.42', 'metadata of Scaleway'],
  ['100.100.100.200', 'metadata of Alibaba Cloud'],
  ['168.63.129.16', 'wire server of Azure'],
  ['192.0.0.192', 'metadata of Oracle Cloud Classic'],
  ['fd00:ec2::254', 'metadata of AWS'],
  ['fd00:ec2::23', 'pod credentials of AWS EKS'],
  ['fd20:ce::254', 'metadata of Google Cloud'],
  ['fd00:c1::a9fe:a9fe', 'metadata of Oracle Cloud'],
  ['fd00:42::42', 'metadata of Scaleway'],
]);
