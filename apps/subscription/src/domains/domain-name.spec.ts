import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isUnder, parseDomain } from './domain-name.js';

describe('a domain', () => {
  it.each([
    ['example.com', 'example.com'],
    ['Hooks.EXAMPLE.com.', 'hooks.example.com'],
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['shop.公司.cn', 'shop.xn--55qx5d.cn'],
    ['日本語。jp', 'xn--wgv71a119e.jp'],
    ['example.co.uk', 'example.co.uk'],
    ['ann.github.io', 'ann.github.io'],
    ['host.internal', 'host.internal'],
    ['my_host.example.com', 'my_host.example.com'],
  ])('written %s is %s', (text, domain) => {
    expect(parseDomain(text)).toBe(domain);
  });

  it.each(['com', 'co.uk', 'github.io', 's3.amazonaws.com', 'kawasaki.jp', '公司.cn', 'xn--55qx5d.cn', 'localhost'])(
    'is not a public suffix such as %s',
    (text) => {
      expect(() => parseDomain(text)).toThrow(expect.objectContaining({ code: 'domain_is_public_suffix' }));
    },
  );

  it.each([
    ...['', '.', 'a..com', '.example.com', '-a.example.com', 'a-.example.com', '*.example.com', 'ex ample.com'],
    ...['https://example.com', 'example.com/path', 'example.com:443', 'user@example.com', '%65xample.com', 'a\\b.com'],
    ...['192.0.2.1', '1.2.3', '0x7f.1', '[2001:db8::1]', `${'a'.repeat(64)}.com`, `${'a.'.repeat(116)}com`],
  ])('is not %p', (text) => {
    expect(() => parseDomain(text)).toThrow(expect.objectContaining({ code: 'domain_invalid' }));
  });

  it('in its form is the host that a URL parser makes of it, whatever was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string(), fc.string({ unit: 'grapheme' })), (text) => {
        let domain: string;
        try {
          domain = parseDomain(text);
        } catch {
          return;
        }
        expect(new URL(`https://${domain}/`).hostname).toBe(domain);
        expect(parseDomain(domain)).toBe(domain);
      }),
    );
  });

  it('covers itself and what is below it, and nothing else', () => {
    const hosts = ['example.com', 'a.b.example.com', 'badexample.com', 'example.com.evil.org', 'com', 'example.co'];
    expect(hosts.map((host) => isUnder(host, 'example.com'))).toEqual([true, true, false, false, false, false]);
  });
});
