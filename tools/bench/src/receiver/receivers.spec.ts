import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { statusOf } from '../processes/http-message-reader.js';
import { Poster } from '../processes/poster.js';
import { Receivers } from './receivers.js';

const REQUEST = 'POST /hook HTTP/1.1\r\nX-Webhook-Event-ID: bench-000000042\r\nContent-Length: 2\r\n\r\n{}';

describe('receivers', () => {
  const receivers = new Receivers();
  const opened: number[] = [];
  const open = async (): Promise<{ receiver: number; port: number }> => {
    const [port = 0] = await receivers.open(1);
    opened.push(port);
    return { receiver: opened.length - 1, port };
  };
  const send = (port: number) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(REQUEST);
    return socket;
  };
  afterEach(async () => {
    await Promise.all(opened.map((_, receiver) => receivers.close(receiver)));
  });

  it('given a request, takes it, and knows which event it was and when', async () => {
    const { receiver, port } = await open();
    const [answer] = (await once(send(port), 'data')) as [Buffer];
    const arrivals = receivers.since(0);
    expect(statusOf(answer.toString())).toBe(200);
    expect([...arrivals.event]).toEqual([42]);
    expect([...arrivals.receiver]).toEqual([receiver]);
    expect([...arrivals.taken]).toEqual([1]);
    expect(arrivals.at[0]).toBeGreaterThan(0);
    expect(receivers.since(1).at).toHaveLength(0);
    expect(receivers.samples().at(-1)).toMatchObject({ receiver, body: Uint8Array.from(Buffer.from('{}')) });
  });

  it.each([
    ['fail', 'data'],
    ['trickle', 'data'],
    ['reset', 'error'],
  ] as const)('given one that is to %s, does, and does not count the request as taken', async (behaviour, event) => {
    const { receiver, port } = await open();
    receivers.behave({ receiver, behaviour });
    const before = receivers.since(0).at.length;
    const socket = send(port);
    const [seen] = (await once(socket, event)) as [Buffer | NodeJS.ErrnoException];
    if (behaviour === 'reset') expect(seen).toMatchObject({ code: 'ECONNRESET' });
    else expect(statusOf(String(seen))).toBe(behaviour === 'fail' ? 500 : 200);
    expect([...receivers.since(before).taken]).toEqual([0]);
    socket.destroy();
  });

  it('given one that goes down and comes back, refuses connections meanwhile and has its port again', async () => {
    const { receiver, port } = await open();
    await receivers.close(receiver);
    const poster = new Poster({ url: `http://127.0.0.1:${port}`, token: 'x', connections: 1 });
    await expect(poster.post('/hook', '{}')).rejects.toThrow('ECONNREFUSED');
    await receivers.reopen(receiver);
    expect(statusOf((await poster.post('/hook', '{}')).head)).toBe(200);
    poster.close();
  });
});
