import { afterEach, describe, expect, it } from '@jest/globals';
import { ReceiverServer } from './receiver-server.js';
import type { Answering } from './receiver-options.js';
import type { Arrival } from './report.js';
import { formRequest, material } from './testing/signed-requests.js';

const ANSWERING: Answering = { fail: 0, status: 200, hang: false, delayMs: 0, retryAfter: undefined };

describe('the receiver', () => {
  const servers: ReceiverServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  const start = async (answering: Partial<Answering> = {}, files = new Map<string, string>()) => {
    const arrivals: Arrival[] = [];
    const heard: (() => void)[] = [];
    const server = new ReceiverServer({
      answering: { ...ANSWERING, ...answering },
      files,
      material,
      arrived: (arrival) => {
        arrivals.push(arrival);
        for (const resolve of heard.splice(0)) resolve();
      },
    });
    servers.push(server);
    const port = await server.listen(0);
    const address = `http://127.0.0.1:${port}`;
    const post = () => fetch(`${address}/hook`, { method: 'POST', body: 'type=click' });
    const next = () => new Promise<void>((resolve) => heard.push(resolve));
    return { arrivals, address, port, post, next };
  };

  it('given a signed request over a real connection, verifies it and answers 200', async () => {
    const { arrivals, address, port } = await start();
    const { headers, body, target } = await formRequest(Buffer.from('type=create&id=1'), `127.0.0.1:${port}`);
    const response = await fetch(address + target, {
      method: 'POST',
      headers: headers
        .filter(([name]) => !/^(host|content-length)$/i.test(name))
        .map(([name, value]): [string, string] => [name, value]),
      body: new Uint8Array(body),
    });
    expect(response.status).toBe(200);
    expect(arrivals).toMatchObject([
      { signature: { valid: true }, trigger: 'create', event: 'evt-1', attempt: 2, answered: 200 },
    ]);
  });

  it('given --fail 2, answers 500 twice and then well', async () => {
    const { post } = await start({ fail: 2 });
    expect([(await post()).status, (await post()).status, (await post()).status]).toEqual([500, 500, 200]);
  });

  it('given a status and --retry-after, sends both', async () => {
    const { post } = await start({ status: 503, retryAfter: 7 });
    const response = await post();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
  });

  it('given --hang, tells of the request and never answers', async () => {
    const { address, arrivals, next } = await start({ hang: true });
    const stop = new AbortController();
    const answer = fetch(address, { method: 'POST', body: 'x', signal: stop.signal });
    await next();
    stop.abort();
    await expect(answer).rejects.toThrow();
    expect(arrivals).toMatchObject([{ answered: null }]);
  });

  it('given a verification file, serves it in any directory, and nothing else', async () => {
    const { address, arrivals } = await start({}, new Map([['postduif-abc.txt', 'postduif-webhook-verification=x']]));
    for (const path of ['/postduif-abc.txt', '/dir/sub/postduif-abc.txt?x=1'])
      expect((await (await fetch(address + path)).text()).trim()).toBe('postduif-webhook-verification=x');
    expect((await fetch(`${address}/other.txt`)).status).toBe(404);
    expect((await fetch(address)).status).toBe(200);
    expect(arrivals).toEqual([]);
  });

  it('given a body of several MiB, takes all of it', async () => {
    const { address, arrivals } = await start();
    const body = `mime=${'x'.repeat(6 * 1024 * 1024)}`;
    expect((await fetch(address, { method: 'POST', body })).status).toBe(200);
    expect(Buffer.from(arrivals[0]!.body, 'base64')).toHaveLength(body.length);
  });
});
