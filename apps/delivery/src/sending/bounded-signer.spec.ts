import { describe, expect, it } from '@jest/globals';
import { signingBound, signingThreads } from './bounded-signer.js';

describe('signingBound', () => {
  it('given more to sign than may be signed at once, with any keys, then never more is under way, and each gets its own signature', async () => {
    let running = 0;
    let most = 0;
    const bounded = signingBound(3);
    const signers = ['one key', 'another key'].map(() =>
      bounded(async (text) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return Buffer.from(`signed ${text.toString()}`);
      }),
    );

    const names = Array.from({ length: 20 }, (_, index) => `${index}`);
    const signed = await Promise.all(names.map((name, index) => signers[index % 2]!(Buffer.from(name))));

    expect(signed.map(String)).toEqual(names.map((name) => `signed ${name}`));
    expect(most).toBe(3);
  });

  it('given a signature that fails, then only that one fails and the others go on', async () => {
    const sign = signingBound(1)((text) =>
      text.toString() === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve(text),
    );

    const signed = await Promise.allSettled(['a', 'bad', 'b'].map((text) => sign(Buffer.from(text))));

    expect(signed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('leaves one thread of the pool to others', () => {
    expect([
      signingThreads({}),
      signingThreads({ UV_THREADPOOL_SIZE: '16' }),
      signingThreads({ UV_THREADPOOL_SIZE: '1' }),
    ]).toEqual([3, 15, 1]);
  });
});
