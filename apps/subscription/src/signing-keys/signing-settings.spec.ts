import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { signingSettings } from './signing-settings.js';

const parse = (given: object) => z.object(signingSettings).safeParse({ SIGNING_DOMAIN: 'example.org', ...given });

describe('the settings of signing keys', () => {
  it('by default ask DNS, change monthly and wait 48 hours', () => {
    expect(parse({}).data).toEqual({
      ...{ SIGNING_DOMAIN: 'example.org', SIGNING_DNS_CHECK: 'required' },
      ...{ SIGNING_ROTATION_DAYS: 30, SIGNING_KEY_WAIT_HOURS: 48 },
    });
  });

  it('take name servers with and without a port', () => {
    const given = '192.0.2.53, 192.0.2.54:5353,[2001:db8::53]:53,2001:db8::54';
    expect(parse({ DNS_SERVERS: given }).data?.DNS_SERVERS).toEqual([
      ...['192.0.2.53', '192.0.2.54:5353', '[2001:db8::53]:53', '2001:db8::54'],
    ]);
  });

  it.each([
    { DNS_SERVERS: 'ns.example.com' },
    { DNS_SERVERS: '192.0.2.53,' },
    { SIGNING_DNS_CHECK: 'no' },
    { SIGNING_ROTATION_DAYS: '0' },
    { SIGNING_KEY_WAIT_HOURS: '-1' },
    { SIGNING_DOMAIN: 'Example.org' },
  ])('refuse %j', (given) => {
    expect(parse(given).success).toBe(false);
  });
});
