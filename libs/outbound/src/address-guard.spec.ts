import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AddressGuard } from './address-guard.js';
import { parseHandlerUrl } from './handler-url.js';
import { METADATA_ADDRESSES, SPECIAL_IPV4, SPECIAL_IPV6 } from './special-addresses.js';
import { ScriptedResolver } from './testing/resolvers.js';

const guardOf = (...allow: string[]): AddressGuard => new AddressGuard({ allow, resolver: new ScriptedResolver([]) });
const strict = guardOf();

const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
type Octets = [number, number, number, number];

/** Every way to write an IPv4 address into an IPv6 address. */
function embeddings(ipv4: Octets): string[] {
  const dotted = ipv4.join('.');
  const high = ((ipv4[0] << 8) | ipv4[1]).toString(16);
  const low = ((ipv4[2] << 8) | ipv4[3]).toString(16);
  return [
    `::ffff:${dotted}`,
    `::FFFF:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `::ffff:0:${dotted}`,
    `64:ff9b::${dotted}`,
    `64:ff9b::${high}:${low}`,
    `2002:${high}:${low}::`,
    `2002:${high}:${low}:1:2:3:4:5`,
    `::${dotted}`,
  ];
}

describe('AddressGuard.judge', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '198.17.0.1',
    '223.255.255.255',
  ])('allows the public address %s', (address) => {
    expect(strict.judge(address)).toEqual({ allowed: true });
  });

  it.each(['2606:4700:4700::1111', '2a00:1450:400e:80c::200e', '2001:4860:4860::8888', '2001:200::1'])(
    'allows the public address %s',
    (address) => {
      expect(strict.judge(address)).toEqual({ allowed: true });
    },
  );

  it.each([
    ['0.0.0.0', 'this network'],
    ['0.1.2.3', 'this network'],
    ['10.255.255.255', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['169.254.1.1', 'link-local'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.8', 'IETF protocol assignments'],
    ['192.0.2.1', 'documentation'],
    ['192.88.99.1', '6to4 relay'],
    ['192.168.1.1', 'private'],
    ['198.18.0.1', 'benchmarking'],
    ['198.19.255.255', 'benchmarking'],
    ['198.51.100.1', 'documentation'],
    ['203.0.113.9', 'documentation'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['64:ff9b:1::1', 'local-use NAT64'],
    ['100::1', 'discard-only'],
    ['2001::1', 'Teredo'],
    ['2001:2::1', 'benchmarking'],
    ['2001:10::1', 'ORCHID'],
    ['2001:20::1', 'ORCHIDv2'],
    ['2001:db8::1', 'documentation'],
    ['3fff::1', 'documentation'],
    ['5f00::1', 'segment routing'],
    ['fc00::1', 'unique local'],
    ['fdff::1', 'unique local'],
    ['fe80::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['4000::1', 'outside global unicast'],
    ['1::1', 'outside global unicast'],
  ])('refuses %s as %s', (address, reason) => {
    expect(strict.judge(address)).toEqual({ allowed: false, reason: expect.stringContaining(reason) });
  });

  it.each([
    '',
    'localhost',
    '127.1',
    '0x7f.1',
    '2130706433',
    '010.0.0.1',
    'fe80::1%eth0',
    '2606:4700::1%1',
    '1.2.3.4.5',
    '[::1]',
  ])('refuses %p because it is no address', (text) => {
    expect(strict.judge(text)).toEqual({ allowed: false, reason: 'not an address' });
  });

  it('refuses the first and the last address of every special range, and names its source', () => {
    for (const { range, cidr, purpose } of [...SPECIAL_IPV4, ...SPECIAL_IPV6]) {
      expect(purpose).toMatch(/RFC \d+$/);
      const [first, last] = edges(range[0].toByteArray(), range[1]);
      for (const edge of [first, last]) {
        expect([cidr, edge, strict.judge(edge)]).toEqual([cidr, edge, expect.objectContaining({ allowed: false })]);
      }
    }
  });

  it('judges an IPv4 address in every IPv6 form as the IPv4 address itself', () => {
    const guard = guardOf('10.1.0.0/16', '127.0.0.1', '0.0.0.0/8');
    fc.assert(
      fc.property(
        fc.oneof(
          octets,
          fc.tuple(
            fc.constantFrom(10, 127, 169, 172, 192, 224),
            fc.constantFrom(0, 1, 16, 168, 254),
            fc.nat(255),
            fc.nat(255),
          ),
        ),
        (ipv4) => {
          // ::0.0.0.0 and ::0.0.0.1 are the unspecified address and loopback.
          fc.pre(ipv4[0] + ipv4[1] + ipv4[2] > 0);
          const verdict = guard.judge(ipv4.join('.'));
          for (const form of embeddings(ipv4)) expect([form, guard.judge(form)]).toEqual([form, verdict]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('agrees with the bits of the address, for any IPv4 address', () => {
    const specials: [number, number][] = [
      [0x00000000, 8],
      [0x0a000000, 8],
      [0x64400000, 10],
      [0x7f000000, 8],
      [0xa9fe0000, 16],
      [0xac100000, 12],
      [0xc0000000, 24],
      [0xc0000200, 24],
      [0xc01fc400, 24],
      [0xc034c100, 24],
      [0xc0586300, 24],
      [0xc0a80000, 16],
      [0xc0af3000, 24],
      [0xc6120000, 15],
      [0xc6336400, 24],
      [0xcb007100, 24],
      [0xe0000000, 3],
    ];
    fc.assert(
      fc.property(octets, (ipv4) => {
        fc.pre(!METADATA_ADDRESSES.has(ipv4.join('.')));
        const value = ipv4.reduce((sum, octet) => sum * 256 + octet, 0);
        const isSpecial = specials.some(
          ([base, length]) => Math.floor(value / 2 ** (32 - length)) === Math.floor(base / 2 ** (32 - length)),
        );
        expect(strict.judge(ipv4.join('.')).allowed).toBe(!isSpecial);
      }),
      { numRuns: 2_000 },
    );
  });

  describe('given allowed ranges', () => {
    it('allows what they contain, and nothing beside it', () => {
      const guard = guardOf('10.1.0.0/16', 'fd12::/16', '::1');
      for (const address of ['10.1.0.0', '10.1.255.255', '::ffff:10.1.2.3', 'fd12::5', '::1', '8.8.8.8']) {
        expect([address, guard.judge(address).allowed]).toEqual([address, true]);
      }
      for (const address of [
        '10.0.255.255',
        '10.2.0.0',
        '::ffff:10.2.0.0',
        'fd13::5',
        '127.0.0.1',
        '::ffff:127.0.0.1',
      ]) {
        expect([address, guard.judge(address).allowed]).toEqual([address, false]);
      }
    });

    it('does not open an IPv4 address by a range of IPv6 that happens to contain its embedded form', () => {
      const guard = guardOf('::/0');
      expect(guard.judge('fd00::1').allowed).toBe(true);
      for (const form of embeddings([127, 0, 0, 1])) expect(guard.judge(form).allowed).toBe(false);
    });

    it('does not open loopback of IPv6 by a range of IPv4', () => {
      expect(guardOf('0.0.0.0/0').judge('::1').allowed).toBe(false);
      expect(guardOf('0.0.0.0/0').judge('::').allowed).toBe(false);
    });
  });

  describe('given a metadata address', () => {
    it.each([...METADATA_ADDRESSES.keys()])(
      'refuses %s by default, and when only a range around it is allowed',
      (address) => {
        for (const guard of [
          strict,
          guardOf('0.0.0.0/0', '::/0'),
          guardOf('169.254.0.0/16', 'fd00::/8', '100.64.0.0/10'),
        ]) {
          expect(guard.judge(address)).toEqual({ allowed: false, reason: METADATA_ADDRESSES.get(address) });
        }
      },
    );

    it.each([...METADATA_ADDRESSES.keys()])('allows %s when exactly it is allowed', (address) => {
      expect(guardOf(address).judge(address)).toEqual({ allowed: true });
      expect(guardOf(`${address}/${address.includes(':') ? 128 : 32}`).judge(address)).toEqual({ allowed: true });
    });

    it('refuses it in every embedded form', () => {
      const guard = guardOf('0.0.0.0/0', '::/0');
      for (const form of embeddings([169, 254, 169, 254]))
        expect([form, guard.judge(form).allowed]).toEqual([form, false]);
    });
  });
});

describe('AddressGuard.resolve', () => {
  const guardWith = (...answers: string[][]): AddressGuard =>
    new AddressGuard({ resolver: new ScriptedResolver(...answers) });

  it('gives the addresses of a host that has only public ones', async () => {
    await expect(guardWith(['8.8.8.8', '2606:4700::1111']).resolve('shop.example')).resolves.toEqual([
      '8.8.8.8',
      '2606:4700::1111',
    ]);
  });

  it('refuses a host when one of its addresses is refused, and names it', async () => {
    await expect(guardWith(['8.8.8.8', '10.0.0.1']).resolve('shop.example')).rejects.toMatchObject({
      code: 'address_not_allowed',
      message: expect.stringContaining('10.0.0.1: private, RFC 1918'),
    });
  });

  it('judges every look-up anew', async () => {
    const guard = guardWith(['8.8.8.8'], ['127.0.0.1']);
    await expect(guard.resolve('rebind.example')).resolves.toEqual(['8.8.8.8']);
    await expect(guard.resolve('rebind.example')).rejects.toMatchObject({ code: 'address_not_allowed' });
  });

  it('says that a host without addresses is not found', async () => {
    await expect(guardWith([]).resolve('empty.example')).rejects.toMatchObject({ code: 'dns_not_found' });
  });

  it('refuses what a resolver gives that is no address', async () => {
    await expect(guardWith(['localhost']).resolve('odd.example')).rejects.toMatchObject({
      code: 'address_not_allowed',
    });
  });

  it.each([
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://127.0.0.1./',
    'http://①②⑦.0.0.1/',
    'http://0/',
    'http://[::]/',
    'http://[::1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://169.254.169.254/latest/meta-data/',
  ])('refuses the literal host of %s without asking DNS', async (url) => {
    const resolver = new ScriptedResolver(['8.8.8.8']);
    const guard = new AddressGuard({ resolver });
    await expect(guard.resolve(parseHandlerUrl(url).hostname)).rejects.toMatchObject({ code: 'address_not_allowed' });
    expect(resolver.asked).toBe(0);
  });
});

/** The lowest and the highest address of a range, as text. */
function edges(bytes: readonly number[], length: number): [string, string] {
  const last = bytes.map((byte, index) => {
    const hostBits = Math.min(8, Math.max(0, (index + 1) * 8 - length));
    return byte | (2 ** hostBits - 1);
  });
  return [toText(bytes), toText(last)];
}

function toText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const parts = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return parts.join(':');
}
