import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readBody } from './index.js';

describe('reading a body', () => {
  it('given chunks, then they come as one', async () => {
    expect(await readBody(Readable.from([Buffer.from('ab'), Buffer.from('c')]))).toEqual(Buffer.from('abc'));
  });

  it('given the body of a Fetch request, then it is read too', async () => {
    const request = new Request('https://a.example', { method: 'POST', body: 'abc' });
    expect((await readBody(request.body!)).toString()).toBe('abc');
  });

  it('given as much as is allowed, then it is read; given a byte more, then it is read to its end and refused', async () => {
    const chunks = [Buffer.from('ab'), Buffer.from('cd')];
    expect(await readBody(Readable.from(chunks), 4)).toHaveLength(4);
    const stream = Readable.from(chunks);
    await expect(readBody(stream, 3)).rejects.toMatchObject({ code: 'body_too_large', status: 413 });
    expect(stream.readableEnded).toBe(true);
  });
});
