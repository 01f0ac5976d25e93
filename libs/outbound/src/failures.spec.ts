import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { AddressGuard } from './address-guard.js';
import { ExchangeError, OUTBOUND_ERRORS, type OutboundErrorCode } from './errors.js';
import { DnsResolver } from './dns-resolver.js';
import { connectError } from './failure.js';
import { parseHandlerUrl } from './handler-url.js';
import type { NameResolver } from './name-resolver.js';
import type { OutboundResult } from './result.js';
import { OutboundSender, type OutboundSenderOptions } from './sender.js';
import { nameServer } from './testing/name-server.js';
import { ScriptedResolver } from './testing/resolvers.js';
import {
  answering,
  closedPort,
  httpServer,
  httpsServer,
  silentServer,
  tcpServer,
  testAuthority,
  type LocalServer,
} from './testing/servers.js';

/** Every code is reached here by a server (or its absence) that really behaves so. */
const reached = new Set<OutboundErrorCode>();
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

interface Case extends Partial<OutboundSenderOptions> {
  readonly host?: string;
  readonly scheme?: 'http' | 'https';
  readonly resolver?: NameResolver;
  readonly headers?: readonly [string, string][];
  readonly totalTimeoutMs?: number;
}

async function send(
  port: number,
  { host = 'receiver.example', scheme = 'http', resolver, headers, totalTimeoutMs, ...options }: Case = {},
) {
  const sender = new OutboundSender({
    guard: new AddressGuard({ allow: ['127.0.0.1', '::1'], resolver: resolver ?? new ScriptedResolver(['127.0.0.1']) }),
    tls: { ca: testAuthority },
    ...options,
  });
  stops.push(() => sender.destroy());
  const result = await sender.send({
    method: 'POST',
    url: parseHandlerUrl(`${scheme}://${host}:${port}/hook`),
    body: Buffer.from('a=1'),
    ...(headers === undefined ? {} : { headers }),
    ...(totalTimeoutMs === undefined ? {} : { totalTimeoutMs }),
  });
  expect(sender.stats().exchanges).toBe(0);
  return result;
}

async function running(server: Promise<LocalServer>): Promise<number> {
  const { port, stop } = await server;
  stops.push(stop);
  return port;
}

function expectFailure(result: OutboundResult, code: OutboundErrorCode): void {
  expect(result).toMatchObject({ outcome: 'error', code, message: expect.stringContaining(OUTBOUND_ERRORS[code]) });
  reached.add(code);
}

const ok = () => httpServer((_request, answer) => answer.end('ok'));

describe('look-up', () => {
  async function dns(): Promise<DnsResolver> {
    const server = await nameServer({
      'broken.example': { code: 2 },
      'dead.example': { silent: true },
      'private.example': { a: '10.0.0.1' },
    });
    stops.push(server.stop);
    return new DnsResolver({ servers: [server.address], hostsFile: '/nonexistent', timeoutMs: 1_000 });
  }

  it('given a name that does not exist, then dns_not_found', async () => {
    expectFailure(await send(80, { host: 'absent.example', resolver: await dns() }), 'dns_not_found');
  });

  it('given name servers that fail, then dns_failed', async () => {
    expectFailure(await send(80, { host: 'broken.example', resolver: await dns() }), 'dns_failed');
  });

  it('given name servers that say nothing, when the connection is due, then dns_failed', async () => {
    expectFailure(await send(80, { host: 'dead.example', resolver: await dns(), connectTimeoutMs: 50 }), 'dns_failed');
  });

  it('given a name that leads to a private address, then address_not_allowed', async () => {
    expectFailure(await send(80, { host: 'private.example', resolver: await dns() }), 'address_not_allowed');
  });
});

describe('connecting', () => {
  it('given nobody listens, then connect_refused', async () => {
    const result = await send(await closedPort());
    expectFailure(result, 'connect_refused');
    expect(result.remoteAddress).toBe('127.0.0.1');
  });

  it('given nobody listens at any of several addresses, then connect_refused', async () => {
    expectFailure(
      await send(await closedPort(), { resolver: new ScriptedResolver(['::1', '127.0.0.1']) }),
      'connect_refused',
    );
  });

  it('given a server that never finishes the TLS handshake, then connect_timeout', async () => {
    const port = await running(silentServer());
    expectFailure(await send(port, { scheme: 'https', connectTimeoutMs: 50 }), 'connect_timeout');
  });

  it('given the whole is due while connecting, then connect_timeout', async () => {
    const port = await running(silentServer());
    expectFailure(await send(port, { scheme: 'https', totalTimeoutMs: 50 }), 'connect_timeout');
  });

  it('given an address that no connection can be made to, then connect_failed', async () => {
    // The broadcast address is refused by the kernel (ENETUNREACH or EACCES), so that nothing leaves the machine.
    const guard = new AddressGuard({ allow: ['255.255.255.255'], resolver: new ScriptedResolver(['255.255.255.255']) });
    expectFailure(await send(80, { guard }), 'connect_failed');
  });

  it('given that we have none to look a name up with, then out_of_sockets', async () => {
    const resolver = { resolve: () => Promise.reject(new ExchangeError('out_of_sockets')) };
    expectFailure(await send(80, { resolver }), 'out_of_sockets');
  });

  it.each(['EMFILE', 'ENFILE', 'ENOBUFS'])('given that we have no socket left (%s), then out_of_sockets', (code) => {
    const none = Object.assign(new Error('none left'), { code });
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const several = Object.assign(new AggregateError([refused, none]), { code });
    for (const cause of [none, several]) expect(connectError({ stage: 'tcp' }, cause).code).toBe('out_of_sockets');
  });

  it.each([{ totalTimeoutMs: 30 }, { connectionWaitMs: 30 }])(
    'given all connections are busy for %j, then connection_wait_timeout',
    async (limit) => {
      const port = await running(silentServer());
      const sender = new OutboundSender({
        guard: new AddressGuard({ allow: ['127.0.0.1'] }),
        connectionsPerOrigin: 1,
        ...limit,
        totalTimeoutMs: 60_000,
      });
      stops.push(() => sender.destroy());
      const url = parseHandlerUrl(`http://127.0.0.1:${port}/`);
      const busy = sender.send({ method: 'POST', url });
      expectFailure(await sender.send({ method: 'POST', url, ...limit }), 'connection_wait_timeout');
      expect(sender.stats().exchanges).toBe(1);
      await sender.destroy();
      expectFailure(await busy, 'aborted');
    },
  );
});

describe('TLS', () => {
  const https = (...[certificate, options]: [Parameters<typeof httpsServer>[0], Parameters<typeof httpsServer>[2]?]) =>
    httpsServer(certificate, (_request, answer) => answer.end('ok'), options);

  it('given a certificate for the host, then the response comes', async () => {
    const port = await running(https('valid'));
    for (const host of ['receiver.example', 'receiver.example.', '127.0.0.1', 'localhost']) {
      expect([host, await send(port, { scheme: 'https', host })]).toEqual([
        host,
        expect.objectContaining({ status: 200, remoteAddress: '127.0.0.1' }),
      ]);
    }
  });

  it('sends the host name, not the address, for the choice of the certificate (SNI)', async () => {
    const names: unknown[] = [];
    const port = await running(
      httpsServer('valid', (request, answer) => {
        names.push(Reflect.get(request.socket, 'servername'));
        answer.end();
      }),
    );
    for (const host of ['receiver.example', 'Receiver.Example.', '127.0.0.1'])
      await send(port, { scheme: 'https', host });
    expect(names).toEqual(['receiver.example', 'receiver.example', false]);
  });

  it('resumes the session of an earlier connection', async () => {
    const resumed: unknown[] = [];
    const port = await running(
      httpsServer('valid', (request, answer) => {
        resumed.push('isSessionReused' in request.socket && (request.socket.isSessionReused as () => boolean)());
        answer.setHeader('Connection', 'close').end();
      }),
    );
    const sender = new OutboundSender({
      guard: new AddressGuard({ allow: ['127.0.0.1'] }),
      tls: { ca: testAuthority },
    });
    stops.push(() => sender.destroy());
    const url = parseHandlerUrl(`https://127.0.0.1:${port}/`);
    for (let time = 1; time <= 2; time++)
      expect(await sender.send({ method: 'POST', url })).toMatchObject({ status: 200 });
    expect(resumed).toEqual([false, true]);
  });

  it('given a certificate that is expired, then tls_certificate_expired', async () => {
    const result = await send(await running(https('expired')), { scheme: 'https' });
    expectFailure(result, 'tls_certificate_expired');
    expect(result.remoteAddress).toBe('127.0.0.1');
  });

  it('given a certificate that no authority signed, then tls_certificate_untrusted', async () => {
    expectFailure(await send(await running(https('self-signed')), { scheme: 'https' }), 'tls_certificate_untrusted');
  });

  it('given a certificate of an authority that is not among the well-known ones, then tls_certificate_untrusted', async () => {
    expectFailure(await send(await running(https('valid')), { scheme: 'https', tls: {} }), 'tls_certificate_untrusted');
  });

  it('given a certificate for another host, then tls_host_mismatch', async () => {
    expectFailure(await send(await running(https('other-host')), { scheme: 'https' }), 'tls_host_mismatch');
    expectFailure(
      await send(await running(https('valid')), { scheme: 'https', host: 'stranger.example' }),
      'tls_host_mismatch',
    );
  });

  it('given a server that speaks plain HTTP, then tls_failed', async () => {
    expectFailure(await send(await running(ok()), { scheme: 'https' }), 'tls_failed');
  });

  it('given a server that knows no TLS 1.2, then tls_failed', async () => {
    expectFailure(
      await send(await running(https('valid', { maxVersion: 'TLSv1.1' })), { scheme: 'https' }),
      'tls_failed',
    );
    expect(await send(await running(https('valid', { maxVersion: 'TLSv1.2' })), { scheme: 'https' })).toMatchObject({
      status: 200,
    });
  });

  it('given a server that hangs up in the handshake, then tls_failed', async () => {
    const port = await running(tcpServer((socket) => socket.once('data', () => socket.destroy())));
    expectFailure(await send(port, { scheme: 'https' }), 'tls_failed');
  });
});

describe('the exchange', () => {
  it('given a server that resets the connection, then connection_reset', async () => {
    expectFailure(
      await send(await running(tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())))),
      'connection_reset',
    );
  });

  it('given a server that closes without a word, then connection_reset', async () => {
    expectFailure(
      await send(await running(tcpServer((socket) => socket.once('data', () => socket.end())))),
      'connection_reset',
    );
  });

  it.each([
    ['counted', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
    [
      'counted, on a connection that would close',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf',
    ],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf'],
  ])('given a server that closes amid a body that is %s, then connection_reset', async (_kind, bytes) => {
    expectFailure(
      await send(await running(tcpServer((socket) => socket.once('data', () => socket.end(bytes))))),
      'connection_reset',
    );
  });

  it('given a server that is silent, then headers_timeout', async () => {
    expectFailure(await send(await running(silentServer()), { headersTimeoutMs: 30 }), 'headers_timeout');
  });

  it('given a body that never ends, then response_timeout', async () => {
    const port = await running(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
    expectFailure(await send(port, { totalTimeoutMs: 300 }), 'response_timeout');
  });

  it.each([
    ['is no HTTP', '220 mail.example ESMTP\r\n'],
    ['has a broken header', 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n'],
    ['has broken chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['has a head without measure', `HTTP/1.1 200 OK\r\n${'X-Many: yes\r\n'.repeat(5_000)}\r\n`],
    [
      'changes the protocol unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n',
    ],
    ['continues unasked', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('given a response that %s, then protocol_error', async (_kind, bytes) => {
    expectFailure(await send(await running(answering(bytes))), 'protocol_error');
  });

  it('given a header that cannot be sent, then invalid_request', async () => {
    expectFailure(await send(await running(ok()), { headers: [['X-Test', 'a\nb']] }), 'invalid_request');
  });
});

afterAll(() => {
  expect([...reached].sort()).toEqual(Object.keys(OUTBOUND_ERRORS).sort());
});
