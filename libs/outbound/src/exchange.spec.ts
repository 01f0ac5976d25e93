import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { failure, post, response, senderWith, started, stopAll } from './testing/sending.js';
import { httpServer, silentServer, tcpServer } from './testing/servers.js';
import { until } from './testing/until.js';

afterEach(stopAll);

describe('deadlines', () => {
  it('given a server that takes the request and says nothing, when the headers are due, then it is headers_timeout', async () => {
    const server = await started(silentServer());
    const sender = senderWith({ headersTimeoutMs: 50 });
    expect(failure(await sender.send(post(server)))).toMatchObject({
      code: 'headers_timeout',
      remoteAddress: '127.0.0.1',
    });
    await until(() => server.open.size === 0 && sender.stats().openSockets === 0);
  });

  it('given the same server, when the whole is due first, then it is headers_timeout too', async () => {
    const server = await started(silentServer());
    expect(failure(await senderWith().send(post(server, '/', { totalTimeoutMs: 300 }))).code).toBe('headers_timeout');
  });

  it('given a server that only sends interim responses, then it is headers_timeout', async () => {
    const server = await started(
      tcpServer((socket) => {
        const again = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 5);
        socket.once('close', () => {
          clearInterval(again);
        });
      }),
    );
    expect(failure(await senderWith({ headersTimeoutMs: 80 }).send(post(server))).code).toBe('headers_timeout');
  });

  it('given a body that trickles, when the whole is due, then it is response_timeout whatever the status was', async () => {
    const server = await started(
      httpServer((_request, answer) => {
        answer.writeHead(200);
        const drip = setInterval(() => answer.write('x'), 5);
        answer.once('close', () => {
          clearInterval(drip);
        });
      }),
    );
    const sender = senderWith({ totalTimeoutMs: 300 });
    const result = failure(await sender.send(post(server)));
    expect(result.code).toBe('response_timeout');
    expect(result.timing.firstByteMs).toBeDefined();
    await until(() => server.open.size === 0);
  });

  it('given a head that trickles, then it is headers_timeout', async () => {
    const server = await started(
      tcpServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
        const drip = setInterval(() => socket.write('x'), 5);
        socket.once('close', () => {
          clearInterval(drip);
        });
      }),
    );
    expect(failure(await senderWith({ headersTimeoutMs: 50 }).send(post(server))).code).toBe('headers_timeout');
  });

  it('given a server that does not read a large body, then it is headers_timeout', async () => {
    const server = await started(tcpServer((socket) => socket.pause()));
    const result = await senderWith({ totalTimeoutMs: 300 }).send(
      post(server, '/', { body: Buffer.alloc(20_000_000) }),
    );
    expect(failure(result).code).toBe('headers_timeout');
  });

  it('given all connections are busy, when the whole is due, then it is connection_wait_timeout and the queue is empty', async () => {
    const server = await started(silentServer());
    const sender = senderWith({ connectionsPerOrigin: 1 });
    const first = sender.send(post(server, '/', { totalTimeoutMs: 200 }));
    const second = sender.send(post(server, '/', { totalTimeoutMs: 50 }));
    const third = sender.send(post(server, '/', { totalTimeoutMs: 50 }));
    expect(failure(await second)).toMatchObject({ code: 'connection_wait_timeout' });
    expect(failure(await third).remoteAddress).toBeUndefined();
    expect(failure(await first).code).toBe('headers_timeout');
    expect(server.connections).toBe(1);
    expect(sender.stats()).toMatchObject({ origins: 0, exchanges: 0 });
  });
});

describe('breaking off', () => {
  it('given a signal that is aborted before, then nothing is sent', async () => {
    const server = await started(silentServer());
    const result = await senderWith().send(post(server, '/', { signal: AbortSignal.abort() }));
    expect(failure(result).code).toBe('aborted');
    expect(server.connections).toBe(0);
  });

  it('given a request under way, when its signal is aborted, then its connection is cut', async () => {
    const server = await started(silentServer());
    const controller = new AbortController();
    const sender = senderWith();
    const sent = sender.send(post(server, '/', { signal: controller.signal }));
    await until(() => server.open.size === 1);
    controller.abort();
    expect(failure(await sent).code).toBe('aborted');
    await until(() => server.open.size === 0 && sender.stats().openSockets === 0);
  });

  it('given requests in every stage, when the sender is destroyed, then all are aborted and nothing stays open', async () => {
    const server = await started(silentServer());
    const sender = senderWith({ connectionsPerOrigin: 2 });
    const sent = Array.from({ length: 5 }, () => sender.send(post(server)));
    await until(() => server.open.size === 2);
    await sender.destroy();
    expect((await Promise.all(sent)).map((result) => failure(result).code)).toEqual(Array(5).fill('aborted'));
    expect(sender.stats()).toEqual({ origins: 0, openSockets: 0, exchanges: 0 });
    expect(failure(await sender.send(post(server))).code).toBe('aborted');
  });

  it('given a request under way, when the sender is closed, then its response still counts', async () => {
    const answers: ServerResponse[] = [];
    const server = await started(httpServer((_request, answer) => answers.push(answer)));
    const sender = senderWith();
    const sent = sender.send(post(server));
    await until(() => answers.length === 1);
    const closed = sender.close();
    expect(failure(await sender.send(post(server))).code).toBe('aborted');
    answers[0]?.end('done');
    expect(response(await sent).body.toString()).toBe('done');
    await closed;
    expect(sender.stats()).toEqual({ origins: 0, openSockets: 0, exchanges: 0 });
  });
});
