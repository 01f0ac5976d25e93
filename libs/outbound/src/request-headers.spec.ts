import { afterEach, describe, expect, it } from '@jest/globals';
import { failure, post, senderWith, started, stopAll } from './testing/sending.js';
import { httpServer, tcpServer, type LocalServer } from './testing/servers.js';

afterEach(stopAll);

describe('the request on the wire', () => {
  /** A server that answers 204 to each request and keeps its bytes. */
  async function recording(): Promise<LocalServer & { received: () => string }> {
    let received = '';
    const server = await started(
      tcpServer((socket) => {
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1');
          socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        });
      }),
    );
    return Object.assign(server, { received: () => received });
  }

  it('has exactly the bytes of target, host, headers and body', async () => {
    const server = await recording();
    await senderWith().send(
      post(server, '/hook/%7Eann?x=%2F&y=a+b', {
        headers: [
          ['Date', 'Thu, 15 Jan 2026 10:20:30 GMT'],
          ['Content-Type', 'application/x-www-form-urlencoded'],
          ['X-Copernica-ID', 'account_1'],
          ['x-Twice', 'one'],
          ['X-Twice', 'caf\u00e9'],
          ['Digest', 'sha-256=abc='],
        ],
      }),
    );
    expect(server.received()).toBe(
      [
        'POST /hook/%7Eann?x=%2F&y=a+b HTTP/1.1',
        `host: receiver.example:${server.port}`,
        'connection: keep-alive',
        'Date: Thu, 15 Jan 2026 10:20:30 GMT',
        'Content-Type: application/x-www-form-urlencoded',
        'X-Copernica-ID: account_1',
        'x-Twice: one',
        'X-Twice: caf\u00e9',
        'Digest: sha-256=abc=',
        'user-agent: Postduif/0.1.0',
        'content-length: 3',
        '',
        'a=1',
      ].join('\r\n'),
    );
  });

  it('takes a Host and a Content-Length that say the same, and the user agent of the request', async () => {
    const server = await recording();
    const { host } = post(server).url;
    await senderWith().send(
      post(server, '/', {
        headers: [
          ['Host', host],
          ['Content-Length', '3'],
          ['User-Agent', 'Own/1'],
        ],
      }),
    );
    expect(server.received()).toBe(
      `POST / HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\nUser-Agent: Own/1\r\ncontent-length: 3\r\n\r\na=1`,
    );
  });

  it('has a Content-Length of 0 for a POST with an empty body, and none for a GET', async () => {
    const server = await recording();
    const sender = senderWith();
    await sender.send(post(server, '/empty', { body: new Uint8Array() }));
    await sender.send({ method: 'GET', url: post(server, '/file.txt').url });
    const [posted, got] = server.received().split('GET ');
    expect(posted).toContain('\r\ncontent-length: 0\r\n\r\n');
    expect(got).toMatch(/^\/file\.txt HTTP\/1\.1\r\n/);
    expect(got).not.toMatch(/content-length|transfer-encoding|accept-encoding/i);
  });

  it('sends a body that is a part of a larger buffer, and a large one, as they are', async () => {
    const bodies: Buffer[] = [];
    const server = await started(
      httpServer((request, answer) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          bodies.push(Buffer.concat(chunks));
          expect(request.headers['transfer-encoding']).toBeUndefined();
          answer.end();
        });
      }),
    );
    const sender = senderWith();
    const large = Buffer.alloc(3_000_000, 'é');
    await sender.send(post(server, '/', { body: new Uint8Array(Buffer.from('xxa=1yy')).subarray(2, 5) }));
    await sender.send(post(server, '/', { body: large }));
    expect(bodies[0]?.toString()).toBe('a=1');
    expect(bodies[1]?.equals(large)).toBe(true);
  });

  it.each([
    ['a Host of another server', ['Host', 'other.example']],
    ['a Content-Length of another body', ['Content-Length', '4']],
    ['a line break in a value', ['X-Test', 'a\r\nX-Injected: b']],
    ['a name that is no token', ['X Test', 'a']],
    ['a transfer coding', ['Transfer-Encoding', 'chunked']],
  ] as const)('is not sent with %s', async (_case, header) => {
    const server = await recording();
    const result = await senderWith().send(post(server, '/', { headers: [header] }));
    expect(failure(result).code).toBe('invalid_request');
    expect(server.received()).toBe('');
  });
});
