import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parseHandlerUrl } from './handler-url.js';
import { post, response, senderWith, started, stopAll } from './testing/sending.js';
import { answering, httpServer, httpsServer, tcpServer, testAuthority } from './testing/servers.js';
import { until } from './testing/until.js';

afterEach(stopAll);

describe('the response', () => {
  it('is given with status, headers, body, address and times', async () => {
    const server = await started(
      httpServer((_request, answer) => {
        answer.writeHead(503, { 'Retry-After': '120', 'Set-Cookie': ['a=1', 'b=2'] }).end('busy');
      }),
    );
    const result = response(await senderWith().send(post(server)));
    expect(result).toMatchObject({ status: 503, bodyTruncated: false, remoteAddress: '127.0.0.1' });
    expect(result.headers).toMatchObject({ 'retry-after': '120', 'set-cookie': 'a=1, b=2' });
    expect(result.body.toString()).toBe('busy');
    const { queuedMs, connectMs = -1, firstByteMs = -1, totalMs } = result.timing;
    expect(queuedMs).toBeGreaterThanOrEqual(0);
    expect(connectMs).toBeGreaterThan(0);
    expect(firstByteMs).toBeGreaterThanOrEqual(connectMs);
    expect(totalMs).toBeGreaterThanOrEqual(firstByteMs);
  });

  it.each(['http', 'https'])('over %s is given with how long each part of connecting took', async (scheme) => {
    const answer: RequestListener = (_request, response) => response.end('ok');
    const server = await started(scheme === 'http' ? httpServer(answer) : httpsServer('valid', answer));
    let moment = 0;
    const sender = senderWith({ tls: { ca: testAuthority }, clock: () => ++moment });
    const url = parseHandlerUrl(`${scheme}://receiver.example:${server.port}/`);
    const { timing } = response(await sender.send({ method: 'POST', url }));
    const { connectMs = 0, lookupMs = 0, tcpMs = 0, tlsMs = 0 } = timing;
    expect([lookupMs > 0, tcpMs > 0, tlsMs > 0]).toEqual([true, true, scheme === 'https']);
    expect(lookupMs + tcpMs + tlsMs).toBeLessThanOrEqual(connectMs);
    const again = response(await sender.send({ method: 'POST', url })).timing;
    expect(Object.keys(again).toSorted()).toEqual(['firstByteMs', 'queuedMs', 'totalMs']);
  });

  it('is a redirect when the server redirects: it is not followed', async () => {
    const asked: string[] = [];
    const server = await started(
      httpServer((request, answer) => {
        asked.push(request.url ?? '');
        answer.writeHead(307, { Location: '/elsewhere' }).end();
      }),
    );
    const result = response(await senderWith().send(post(server, '/hook')));
    expect(result).toMatchObject({ status: 307, headers: { location: '/elsewhere' } });
    expect(asked).toEqual(['/hook']);
  });

  it('is not decoded, whatever Content-Encoding it has', async () => {
    const server = await started(
      httpServer((_request, answer) => answer.setHeader('Content-Encoding', 'gzip').end('not gzip')),
    );
    expect(response(await senderWith().send(post(server))).body.toString()).toBe('not gzip');
  });

  it('keeps 4 KiB of a body that is longer, and the connection', async () => {
    const server = await started(httpServer((_request, answer) => answer.end(Buffer.alloc(65_536, 'x'))));
    const sender = senderWith();
    for (let time = 1; time <= 2; time++) {
      const result = response(await sender.send(post(server)));
      expect(result.body).toEqual(Buffer.alloc(4_096, 'x'));
      expect(result.bodyTruncated).toBe(true);
    }
    expect(server.connections).toBe(1);
  });

  it('counts, and the connection is cut, when its body passes 64 KiB without an end', async () => {
    const server = await started(
      tcpServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const more = (): void => {
          while (!socket.destroyed && socket.write(`4000\r\n${'x'.repeat(0x4000)}\r\n`));
        };
        socket.on('drain', more);
        more();
      }),
    );
    const sender = senderWith();
    expect(response(await sender.send(post(server)))).toMatchObject({
      status: 200,
      bodyTruncated: true,
      body: Buffer.alloc(4_096, 'x'),
    });
    await until(() => server.open.size === 0 && sender.stats().openSockets === 0);
  });

  it('comes after interim responses, and keeps as many headers as fit in 8 KiB', async () => {
    const many = Array.from({ length: 5 }, (_, index) => `X-Large-${index}: ${'v'.repeat(2_500)}\r\n`).join('');
    const server = await started(
      answering(
        `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 202 Accepted\r\n${many}Retry-After: 7\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    const result = response(await senderWith().send(post(server)));
    expect(result.status).toBe(202);
    expect(Object.keys(result.headers)).toEqual([
      'x-large-0',
      'x-large-1',
      'x-large-2',
      'retry-after',
      'content-length',
    ]);
  });

  it('may end with the connection', async () => {
    const server = await started(
      tcpServer((socket) => socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\nbye'))),
    );
    expect(response(await senderWith().send(post(server))).body.toString()).toBe('bye');
  });
});
