import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HANDLER_URL_ERRORS, HandlerUrlError, parseHandlerUrl } from './handler-url.js';

describe('parseHandlerUrl', () => {
  it('gives the parts that are sent and signed', () => {
    expect(parseHandlerUrl('https://Shop.Example:8443/hooks/a%20b?x=%7E&y=a+b')).toEqual({
      href: 'https://shop.example:8443/hooks/a%20b?x=%7E&y=a+b',
      origin: 'https://shop.example:8443',
      secure: true,
      hostname: 'shop.example',
      port: 8443,
      host: 'shop.example:8443',
      target: '/hooks/a%20b?x=%7E&y=a+b',
    });
  });

  it.each([
    ['http://shop.example', { target: '/', host: 'shop.example', port: 80, secure: false }],
    ['https://shop.example', { target: '/', host: 'shop.example', port: 443, secure: true }],
    ['https://shop.example:443/a', { target: '/a', host: 'shop.example', port: 443 }],
    ['http://shop.example:80/a', { host: 'shop.example', port: 80 }],
    ['http://shop.example:443/a', { host: 'shop.example:443', port: 443 }],
    ['http://shop.example?a=1', { target: '/?a=1' }],
    ['http://shop.example/?', { target: '/?' }],
    ['http://shop.example/a//b/?q=//', { target: '/a//b/?q=//' }],
    ['http://shop.example/%2e%2F%zz', { target: '/%2e%2F%zz' }],
    ['http://shop.example/a/./b/../c', { target: '/a/c' }],
    ['http://shop.example\\a\\b', { target: '/a/b' }],
    ['http://shop.example/a b', { target: '/a%20b' }],
    ['http://shop.example/é?ü', { target: '/%C3%A9?%C3%BC' }],
    ['HTTP://SHOP.EXAMPLE/A', { target: '/A', host: 'shop.example' }],
    ['http://bücher.example/', { host: 'xn--bcher-kva.example', hostname: 'xn--bcher-kva.example' }],
    ['http://shop.example./', { host: 'shop.example.', hostname: 'shop.example' }],
    ['http://[2001:DB8::1]:8080/', { host: '[2001:db8::1]:8080', hostname: '2001:db8::1' }],
    ['http://0x7f.1:8080/', { host: '127.0.0.1:8080', hostname: '127.0.0.1' }],
    ['http://localhost:3000/hook', { host: 'localhost:3000', hostname: 'localhost', port: 3000 }],
  ])('reads %s', (text, parts) => {
    expect(parseHandlerUrl(text)).toMatchObject(parts);
  });

  it.each([
    ['', 'url_invalid'],
    ['shop.example/hook', 'url_invalid'],
    ['//shop.example/hook', 'url_invalid'],
    [' https://shop.example/', 'url_invalid'],
    ['https://shop.example/\n', 'url_invalid'],
    ['https://shop.example/a\tb', 'url_invalid'],
    ['https://sh op.example/', 'url_invalid'],
    ['https://[::1/', 'url_invalid'],
    ['https://[fe80::1%25eth0]/', 'url_invalid'],
    ['https://shop.example:99999/', 'url_invalid'],
    ['https://1.2.3.256/', 'url_invalid'],
    ['ftp://shop.example/', 'url_scheme'],
    ['javascript:alert(1)', 'url_scheme'],
    ['file:///etc/passwd', 'url_scheme'],
    ['http:shop.example', 'url_scheme'],
    ['https://ann:secret@shop.example/', 'url_credentials'],
    ['https://ann@shop.example/', 'url_credentials'],
    ['https://@shop.example/', 'url_credentials'],
    ['https://shop.example/#top', 'url_fragment'],
    ['https://shop.example/#', 'url_fragment'],
    ['https:///hook', 'url_host'],
    ['https://?a', 'url_host'],
    ['https://a..example/', 'url_host'],
    ['https://.example/', 'url_host'],
    [`https://${'a'.repeat(64)}.example/`, 'url_host'],
    ['https://shop.example:0/', 'url_port'],
    ['http://shop.example:25/', 'url_port'],
    ['http://shop.example:6667/', 'url_port'],
    [`https://shop.example/${'a'.repeat(2_048)}`, 'url_too_long'],
    [`https://shop.example/${'é'.repeat(500)}`, 'url_too_long'],
  ] as const)('refuses %p with %s', (text, code) => {
    const attempt = (): unknown => parseHandlerUrl(text);
    expect(attempt).toThrow(HandlerUrlError);
    expect(attempt).toThrow(expect.objectContaining({ code, message: HANDLER_URL_ERRORS[code] }));
  });

  it('takes 2,048 characters', () => {
    const text = `https://shop.example/${'a'.repeat(2_048 - 21)}`;
    expect(parseHandlerUrl(text).href).toBe(text);
  });

  it('gives parts that are a fixed point and fit on a request line, for any URL', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, authoritySettings: { withPort: true } }), (text) => {
        const url = tryParse(text);
        fc.pre(url !== undefined);
        expect(parseHandlerUrl(url.href)).toEqual(url);
        expect(url.href).toBe(url.origin + url.target);
        expect(url.target).toMatch(/^\/[\x21-\x7e]*$/);
        expect(url.host).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });
});

function tryParse(text: string): ReturnType<typeof parseHandlerUrl> | undefined {
  try {
    return parseHandlerUrl(text);
  } catch (error) {
    if (error instanceof HandlerUrlError) return undefined;
    throw error;
  }
}
