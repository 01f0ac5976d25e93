import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { sendOverHttp } from './producer.js';

describe('a producer over HTTP', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** Answers what `answer` says for the n-th request; 0 breaks the connection. */
  async function ingest(answer: (request: number) => number) {
    const ids: string[] = [];
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => {
        ids.push((JSON.parse(text) as { id: string }).id);
        const status = answer(ids.length);
        if (status === 0) request.socket.destroy();
        else response.writeHead(status, { 'content-length': 0 }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { ids, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }
  const load = { token: 'x', first: 7, count: 3, shapes: [{ type: 'bench.test' }], connections: 1 };

  it.each([undefined, 1_000])('at a rate of %s, sends each event and knows when each was accepted', async (rate) => {
    const { ids, url } = await ingest(() => 202);
    const sent = await sendOverHttp({ ...load, url, rate });
    expect(ids).toEqual(['bench-000000007', 'bench-000000008', 'bench-000000009']);
    expect(sent.repeated).toBe(0);
    for (const index of [0, 1, 2]) {
      expect(sent.begun[index]).toBeGreaterThanOrEqual(sent.intended[index]!);
      expect(sent.accepted[index]).toBeGreaterThan(sent.begun[index]!);
    }
  });

  it.each([503, 429, 0])('given %d once, sends the same event again', async (status) => {
    const { ids, url } = await ingest((request) => (request === 2 ? status : 202));
    const sent = await sendOverHttp({ ...load, url });
    expect(ids).toEqual(['bench-000000007', 'bench-000000008', 'bench-000000008', 'bench-000000009']);
    expect(sent.repeated).toBe(1);
  });

  it('given a refusal, fails and says which', async () => {
    const { url } = await ingest(() => 401);
    await expect(sendOverHttp({ ...load, url })).rejects.toThrow('event-ingest answered 401');
  });
});
