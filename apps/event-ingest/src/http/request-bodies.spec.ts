import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RequestBodies } from './request-bodies.js';

const text = (body: Buffer): Promise<string> => Promise.resolve(String(body));
const some = (bytes: number): string => 'x'.repeat(bytes);

describe('the bodies of requests', () => {
  const given = (maxBytes = 6, maxBytesTogether = 10) => new RequestBodies({ maxBytes, maxBytesTogether });

  it('given a body within the limit, gives all of it', async () => {
    const stream = new PassThrough();
    const body = given().read(stream, 6, text);
    stream.write('abc');
    stream.end('def');
    expect(await body).toBe('abcdef');
  });

  it('given a length that is too large, refuses it before anything came', async () => {
    await expect(given().read(new PassThrough(), 7, text)).rejects.toMatchObject({ code: 'payload_too_large' });
    await expect(given(99).read(new PassThrough(), 11, text)).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('given a body that turns out too large, refuses it at once and reads the rest to its end', async () => {
    const stream = new PassThrough();
    const refused = given().read(stream, 0, text);
    stream.write(some(7));
    await expect(refused).rejects.toMatchObject({ code: 'payload_too_large' });
    for (let count = 0; count < 10; count++) stream.write(Buffer.alloc(100_000));
    stream.end();
    await new Promise((resolve) => stream.once('end', resolve));
  });

  it('given others that hold the room, refuses a body, and takes the next when their use is over', async () => {
    const bodies = given();
    const first = new PassThrough();
    const done = Promise.withResolvers<string>();
    const reading = Promise.withResolvers<undefined>();
    const held = bodies.read(first, 6, () => {
      reading.resolve(undefined);
      return done.promise;
    });
    first.end(some(6));
    await reading.promise;
    const refusal = { code: 'overloaded', status: 503, options: { retryAfterSeconds: 1 } };
    await expect(bodies.read(new PassThrough(), 5, text)).rejects.toMatchObject(refusal);
    const undeclared = new PassThrough();
    undeclared.end(some(5));
    await expect(bodies.read(undeclared, 0, text)).rejects.toMatchObject(refusal);
    done.resolve('done');
    expect(await held).toBe('done');
    const last = new PassThrough();
    last.end(some(5));
    expect(await bodies.read(last, 5, text)).toBe('xxxxx');
  });

  it('given a sender that goes away in the middle, says so', async () => {
    for (const reason of [new Error('aborted'), undefined]) {
      const stream = new PassThrough();
      const refused = given().read(stream, 5, text);
      stream.write('abc');
      stream.destroy(reason);
      await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  it('given any bodies, ends of them and failures of their use, keeps no room for ever', async () => {
    const kinds = fc.constantFrom('whole', 'cut', 'fails');
    const one = fc.record({ bytes: fc.nat(8), declared: fc.boolean(), kind: kinds });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 12 }), async (requests) => {
        const bodies = given();
        await Promise.allSettled(
          requests.map(({ bytes, declared, kind }) => {
            const stream = new PassThrough();
            const use = () => (kind === 'fails' ? Promise.reject(new Error('failed')) : Promise.resolve());
            const read = bodies.read(stream, declared ? bytes : 0, use);
            stream.write(some(bytes));
            if (kind === 'cut') stream.destroy();
            else stream.end();
            return read;
          }),
        );
        for (const bytes of [6, 6]) {
          const stream = new PassThrough();
          stream.end(some(bytes));
          expect(await bodies.read(stream, bytes, text)).toHaveLength(bytes);
        }
      }),
    );
  });
});
