import { afterEach, describe, expect, it } from '@jest/globals';
import { parseHandlerUrl } from './handler-url.js';
import { ScriptedResolver } from './testing/resolvers.js';
import { failure, post, response, senderWith, started, stopAll } from './testing/sending.js';
import { httpServer, type LocalServer } from './testing/servers.js';
import { until } from './testing/until.js';

afterEach(stopAll);

describe('the address guard in the sender', () => {
  const counting = (): Promise<LocalServer> => started(httpServer((_request, answer) => answer.end('ok')));

  it('given a host with one address that is refused, then nothing is connected', async () => {
    const server = await counting();
    const resolver = new ScriptedResolver(['127.0.0.1', '10.0.0.1']);
    const result = failure(await senderWith({ resolver }).send(post(server)));
    expect(result.code).toBe('address_not_allowed');
    expect(result.message).toContain('10.0.0.1');
    expect(server.connections).toBe(0);
  });

  it('given a name server that changes its mind, when a connection is needed, then the new address is checked', async () => {
    const server = await counting();
    const resolver = new ScriptedResolver(['127.0.0.1'], ['169.254.169.254']);
    const sender = senderWith({ resolver, idleTimeoutMs: 20 });
    expect(response(await sender.send(post(server))).remoteAddress).toBe('127.0.0.1');
    await until(() => server.open.size === 0);
    expect(failure(await sender.send(post(server))).code).toBe('address_not_allowed');
    expect(resolver.asked).toBe(2);
  });

  it('given a connection that stands, then it stays at its checked address until it is too old', async () => {
    const server = await counting();
    let now = 0;
    const resolver = new ScriptedResolver(['127.0.0.1'], ['10.0.0.1']);
    const sender = senderWith({ resolver, clock: () => now, maxConnectionAgeMs: 300_000 });
    response(await sender.send(post(server)));
    now = 299_999;
    response(await sender.send(post(server)));
    now = 300_000;
    expect(failure(await sender.send(post(server))).code).toBe('address_not_allowed');
    expect(resolver.asked).toBe(2);
    await until(() => server.open.size === 0);
  });

  it('given a connection that is never unused, when it is too old, then it is replaced all the same', async () => {
    let now = 0;
    const server = await started(
      httpServer((_request, answer) => {
        now += 100_000;
        answer.end('ok');
      }),
    );
    const resolver = new ScriptedResolver(['127.0.0.1']);
    const sender = senderWith({ resolver, clock: () => now, connectionsPerOrigin: 1 });
    const results = await Promise.all(Array.from({ length: 9 }, () => sender.send(post(server))));
    expect(results.every((result) => result.outcome === 'response')).toBe(true);
    expect(server.connections).toBe(3);
    expect(resolver.asked).toBe(3);
  });

  it('given a server that closes after each request, when the next request has been queued on the connection, then its replacement is checked too', async () => {
    const server = await started(httpServer((_request, answer) => answer.setHeader('Connection', 'close').end('ok')));
    const resolver = new ScriptedResolver(['127.0.0.1'], ['10.0.0.1']);
    const sender = senderWith({ resolver, connectionsPerOrigin: 1 });
    const [first, second] = await Promise.all([sender.send(post(server)), sender.send(post(server))]);
    expect(response(first).status).toBe(200);
    expect(failure(second).code).toBe('address_not_allowed');
    expect(server.connections).toBe(1);
  });

  it('given a literal address that is refused, then DNS is not asked', async () => {
    const server = await counting();
    const resolver = new ScriptedResolver(['127.0.0.1']);
    const sender = senderWith({ resolver, allow: [] });
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '[::1]', '0']) {
      const url = parseHandlerUrl(`http://${host}:${server.port}/`);
      expect([host, failure(await sender.send({ method: 'POST', url })).code]).toEqual([host, 'address_not_allowed']);
    }
    expect([server.connections, resolver.asked]).toEqual([0, 0]);
  });

  it('given several addresses, when the first refuses, then the next is tried', async () => {
    const server = await counting();
    const resolver = new ScriptedResolver(['127.0.0.2', '127.0.0.1']);
    const sender = senderWith({ resolver, allow: ['127.0.0.0/8'] });
    expect(response(await sender.send(post(server))).remoteAddress).toBe('127.0.0.1');
    expect(resolver.asked).toBe(1);
  });
});
