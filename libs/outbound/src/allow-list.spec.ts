import { describe, expect, it } from '@jest/globals';
import { AddressGuard } from './address-guard.js';
import { AllowListError, parseAllowList } from './allow-list.js';
import { ScriptedResolver } from './testing/resolvers.js';

describe('parseAllowList', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['127.0.0.1', ['127.0.0.1']],
    ['127.0.0.0/8, ::1', ['127.0.0.0/8', '::1']],
    ['10.0.0.0/8,fd00::/8\n192.168.1.7/32', ['10.0.0.0/8', 'fd00::/8', '192.168.1.7/32']],
    ['0.0.0.0/0 ::/0', ['0.0.0.0/0', '::/0']],
  ])('reads %p', (setting, entries) => {
    expect(parseAllowList(setting)).toEqual(entries);
  });

  it.each([
    ['localhost', /"localhost" is not an address or a CIDR range\. Write it like/],
    ['10.0/8', /"10\.0\/8" is not an address/],
    ['010.0.0.1', /is not an address/],
    ['10.0.0.0/8/8', /is not an address/],
    ['fe80::1%eth0', /is not an address/],
    ['10.0.0.0/33', /no valid prefix length\. Write a number from 0 to 32/],
    ['10.0.0.0/', /no valid prefix length/],
    ['fd00::/129', /from 0 to 128/],
    ['10.1.2.3/8', /Write 10\.0\.0\.0\/8 for the range, or 10\.1\.2\.3 for the address/],
    ['fd00::1/8', /Write fd00::\/8 for the range/],
    ['64:ff9b::/96', /Write the IPv4 range instead/],
    ['2002:a00::/24', /Write the IPv4 range instead/],
  ])('refuses %p with what to write instead', (setting, message) => {
    const attempt = (): unknown => parseAllowList(`127.0.0.1, ${setting}`);
    expect(attempt).toThrow(AllowListError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'allow_list_invalid' }));
  });

  it('takes an IPv4-mapped range or address for the one of IPv4', () => {
    const guard = new AddressGuard({
      allow: parseAllowList('::ffff:10.0.0.0/104 ::ffff:127.0.0.1'),
      resolver: new ScriptedResolver([]),
    });
    for (const address of ['10.9.9.9', '::ffff:10.9.9.9', '127.0.0.1']) expect(guard.judge(address).allowed).toBe(true);
    for (const address of ['11.0.0.1', '127.0.0.2']) {
      expect([address, guard.judge(address).allowed]).toEqual([address, address === '11.0.0.1']);
    }
  });
});
