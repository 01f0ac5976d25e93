import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parseHandlerUrl } from './handler-url.js';
import { ScriptedResolver } from './testing/resolvers.js';
import { post, response, senderWith, started, stopAll } from './testing/sending.js';
import { httpServer, silentServer, tcpServer, type LocalServer } from './testing/servers.js';
import { until } from './testing/until.js';

afterEach(stopAll);

describe('connections', () => {
  const counting = (): Promise<LocalServer> => started(httpServer((_request, answer) => answer.end('ok')));

  it('are kept: requests one after the other use one, and the name is looked up once', async () => {
    const server = await counting();
    const resolver = new ScriptedResolver(['127.0.0.1']);
    const sender = senderWith({ resolver });
    for (let index = 0; index < 20; index++) response(await sender.send(post(server)));
    expect(server.connections).toBe(1);
    expect(resolver.asked).toBe(1);
    expect(sender.stats()).toEqual({ origins: 1, openSockets: 1, exchanges: 0 });
  });

  it('tell in the timing whether one was opened', async () => {
    const server = await counting();
    const sender = senderWith();
    expect(response(await sender.send(post(server))).timing.connectMs).toBeDefined();
    expect(response(await sender.send(post(server))).timing.connectMs).toBeUndefined();
  });

  it('are never more than allowed for an origin, and every request has its turn', async () => {
    let most = 0;
    const server: LocalServer = await started(
      httpServer((_request, answer) => {
        most = Math.max(most, server.open.size);
        setImmediate(() => answer.end('ok'));
      }),
    );
    const sender = senderWith({ connectionsPerOrigin: 4 });
    const results = await Promise.all(Array.from({ length: 200 }, () => sender.send(post(server))));
    expect(results.every((result) => response(result).status === 200)).toBe(true);
    expect(most).toBe(4);
    expect(server.connections).toBe(4);
  });

  it('carry one request at a time: the answers belong to the requests', async () => {
    const server = await started(
      httpServer((request, answer) => {
        setTimeout(() => answer.end(request.url), Math.random() * 5);
      }),
    );
    const sender = senderWith({ connectionsPerOrigin: 8 });
    const bodies = await Promise.all(
      Array.from({ length: 300 }, async (_, index) =>
        response(await sender.send(post(server, `/${index}`))).body.toString(),
      ),
    );
    expect(bodies).toEqual(Array.from({ length: 300 }, (_, index) => `/${index}`));
  });

  it('are closed when unused, and then the origin is forgotten', async () => {
    const server = await counting();
    const sender = senderWith({ idleTimeoutMs: 20 });
    response(await sender.send(post(server)));
    await until(() => server.open.size === 0);
    expect(sender.stats()).toEqual({ origins: 0, openSockets: 0, exchanges: 0 });
  });

  it('are not used again when the server asks to close', async () => {
    const server = await started(httpServer((_request, answer) => answer.setHeader('Connection', 'close').end('ok')));
    const sender = senderWith({ connectionsPerOrigin: 1 });
    const results = await Promise.all(Array.from({ length: 5 }, () => sender.send(post(server))));
    expect(results.map((result) => response(result).status)).toEqual(Array(5).fill(200));
    expect(server.connections).toBe(5);
    await until(() => sender.stats().origins === 0);
  });

  it('that the server closes between two requests are forgotten', async () => {
    const server = await counting();
    const sender = senderWith();
    response(await sender.send(post(server)));
    for (const socket of server.open) socket.destroy();
    await until(() => sender.stats().openSockets === 0);
    expect(sender.stats().origins).toBe(0);
    response(await sender.send(post(server)));
    expect(server.connections).toBe(2);
  });

  it('are kept as long as the server says in Keep-Alive, and not at all when that is too short to rely on', async () => {
    const patient = await started(httpServer((_request, answer) => answer.end('ok'), 30_000));
    const hasty = await started(httpServer((_request, answer) => answer.end('ok'), 1_000));
    const sender = senderWith({ idleTimeoutMs: 20 });
    for (const server of [patient, hasty]) response(await sender.send(post(server)));
    const other = await counting();
    response(await sender.send(post(other)));
    await until(() => other.open.size === 0 && hasty.open.size === 0);
    response(await sender.send(post(patient)));
    expect(patient.connections).toBe(1);
  });

  it('that break on one request leave the others alone', async () => {
    const server = await started(
      httpServer((request, answer) => {
        if (request.url === '/break') request.socket.destroy();
        else answer.end('ok');
      }),
    );
    const sender = senderWith({ connectionsPerOrigin: 2 });
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) => sender.send(post(server, index % 4 === 0 ? '/break' : '/'))),
    );
    const codes = results.map((result) => (result.outcome === 'error' ? result.code : result.status));
    expect(codes).toEqual(Array.from({ length: 40 }, (_, index) => (index % 4 === 0 ? 'connection_reset' : 200)));
  });

  it('unused for longest are closed when too many are unused, whatever their servers say in Keep-Alive', async () => {
    const patient = () => started(httpServer((_request, answer) => answer.end('ok'), 30_000));
    const [first, second, third] = [await patient(), await patient(), await patient()];
    const sender = senderWith({ maxIdleConnections: 2 });
    await sender.send(post(first));
    await sender.send(post(second));
    await sender.send(post(first));
    await sender.send(post(third));
    expect(sender.stats().origins).toBe(2);
    await until(() => second.open.size === 0);
    expect([first.open.size, third.open.size]).toEqual([1, 1]);
    expect(sender.stats().openSockets).toBe(2);
  });

  it('of one origin are closed, too, when a burst leaves too many unused; those in use do not count', async () => {
    const server = await counting();
    const hanging = await started(silentServer());
    const sender = senderWith({ maxIdleConnections: 3 });
    const busy = [1, 2, 3, 4].map(() => sender.send(post(hanging)));
    await Promise.all(Array.from({ length: 20 }, () => sender.send(post(server))));
    await until(() => server.open.size === 3);
    await until(() => hanging.open.size === 4);
    await sender.destroy();
    await Promise.all(busy);
    expect(sender.stats()).toEqual({ origins: 0, openSockets: 0, exchanges: 0 });
  });
});

describe('tens of thousands of origins', () => {
  it('are served with no more connections than allowed', async () => {
    const server = await started(httpServer((_request, answer) => answer.end('ok')));
    const sender = senderWith({ maxIdleConnections: 500, idleTimeoutMs: 60_000 });
    let next = 0;
    let most = 0;
    const workers = Array.from({ length: 50 }, async () => {
      while (next < 20_000) {
        const url = parseHandlerUrl(`http://receiver-${next++}.example:${server.port}/`);
        response(await sender.send(post(server, '/', { url })));
        most = Math.max(most, sender.stats().openSockets);
      }
    });
    await Promise.all(workers);
    expect(server.connections).toBe(20_000);
    expect(most).toBeLessThanOrEqual(550);
    await until(() => sender.stats().openSockets === 500);
    expect(sender.stats()).toMatchObject({ origins: 500, exchanges: 0 });
  }, 60_000);
});

describe('a server that does everything wrong at random', () => {
  it('gets every request an end, and leaves nothing behind', async () => {
    const behaviours: ((socket: Socket) => unknown)[] = [
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more'),
      (socket) => socket.write('HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'),
      (socket) => socket.write('what?\r\n\r\n'),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end(),
      () => undefined,
    ];
    const server = await started(
      tcpServer((socket) => {
        socket.on('data', () => behaviours[Math.floor(Math.random() * behaviours.length)]?.(socket));
      }),
    );
    const sender = senderWith({ connectionsPerOrigin: 10, headersTimeoutMs: 20, idleTimeoutMs: 50 });
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        sender.send(
          post(server, '/', index % 7 === 0 ? { signal: AbortSignal.timeout(30) } : { totalTimeoutMs: 2_000 }),
        ),
      ),
    );
    expect(results).toHaveLength(500);
    await until(() => sender.stats().openSockets === 0 && server.open.size === 0);
    expect(sender.stats()).toEqual({ origins: 0, openSockets: 0, exchanges: 0 });
  });
});
