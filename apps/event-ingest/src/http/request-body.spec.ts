import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readBody } from './request-body.js';

describe('readBody', () => {
  it('given a body within the limit, gives all of it', async () => {
    const stream = new PassThrough();
    const body = readBody(stream, 6);
    stream.write('abc');
    stream.end('def');
    expect((await body).toString()).toBe('abcdef');
  });

  it('given a body that is too large, refuses it only when it was read to its end', async () => {
    const stream = new PassThrough();
    let settled = false;
    const refused = readBody(stream, 5).finally(() => (settled = true));
    stream.write('abcdef');
    await new Promise(setImmediate);
    expect([stream.readableLength, settled]).toEqual([0, false]);
    stream.end('ghi');
    await expect(refused).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('given much more than is allowed, cuts the connection', async () => {
    const stream = new PassThrough();
    const refused = readBody(stream, 5);
    stream.write(Buffer.alloc(64 * 1024 * 1024 + 6));
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
    expect(stream.destroyed).toBe(true);
  });

  it('given a sender that goes away in the middle, says so', async () => {
    const stream = new PassThrough();
    const refused = readBody(stream, 5);
    stream.write('abc');
    stream.destroy(new Error('aborted'));
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
