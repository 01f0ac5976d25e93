import type { ParsedHandlerUrl } from './handler-url.js';

/** Headers in the order in which they are sent. A name may occur several times. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * The headers of a request as undici takes them: names and values in turn. `Host` and `Content-Length` are written from the URL
 * and the body, because signatures and the address guard depend on them.
 *
 * @returns `undefined` when the list has a `Host` or `Content-Length` that says something else
 */
export function requestHeaders(
  request: { url: ParsedHandlerUrl; headers?: HeaderList; body?: Uint8Array },
  userAgent: string,
): string[] | undefined {
  const flat = ['host', request.url.host];
  let hasUserAgent = false;
  for (const [name, value] of request.headers ?? []) {
    const known = name.toLowerCase();
    if (known === 'host' || known === 'content-length') {
      const expected = known === 'host' ? request.url.host : String(request.body?.byteLength ?? 0);
      if (value !== expected) return undefined;
      continue;
    }
    if (known === 'user-agent') hasUserAgent = true;
    flat.push(name, value);
  }
  if (!hasUserAgent) flat.push('user-agent', userAgent);
  return flat;
}
