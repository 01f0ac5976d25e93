import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { statusOf } from './http-message-reader.js';
import { Poster } from './poster.js';

describe('posting over kept connections', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  /** A real server of Node.js that breaks off requests with "break" in them. */
  async function start(connections: number) {
    const seen = { bodies: [] as string[], authorization: new Set<string | undefined>(), connections: 0 };
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        seen.bodies.push(body);
        seen.authorization.add(request.headers.authorization);
        if (body.includes('break')) request.socket.destroy();
        else response.writeHead(202, { 'content-length': 2 }).end('{}');
      });
    });
    server.on('connection', () => (seen.connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const poster = new Poster({ url, token: 'secret', connections });
    closing.push(() => {
      poster.close();
      server.close();
    });
    return { poster, seen };
  }

  it('given more requests than connections, answers all over those connections', async () => {
    const { poster, seen } = await start(3);
    const bodies = Array.from({ length: 50 }, (_, index) => JSON.stringify({ number: index, text: 'é' }));
    const answers = await Promise.all(bodies.map((body) => poster.post('/v1/events', body)));
    expect(answers.map(({ head, body }) => [statusOf(head), body.toString()])).toEqual(bodies.map(() => [202, '{}']));
    expect(seen.bodies.sort()).toEqual(bodies.sort());
    expect(seen.authorization).toEqual(new Set(['Bearer secret']));
    expect(seen.connections).toBe(3);
  });

  it('given a connection that breaks, fails that request only', async () => {
    const { poster } = await start(1);
    await expect(poster.post('/', '"break"')).rejects.toThrow();
    expect(statusOf((await poster.post('/', '"fine"')).head)).toBe(202);
  });

  it('given nobody who listens, fails', async () => {
    const poster = new Poster({ url: 'http://127.0.0.1:1', token: 'secret', connections: 1 });
    await expect(poster.get('/')).rejects.toThrow('ECONNREFUSED');
    await expect(poster.get('/')).rejects.toThrow('ECONNREFUSED');
  });
});
