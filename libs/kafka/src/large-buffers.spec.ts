import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import { copyLargeBuffersOnce } from './large-buffers.js';

/** A buffer, or what another encoder has. */
type Written = Buffer | readonly Written[];

const buffer = fc
  .oneof(fc.nat({ max: 600 }), fc.integer({ min: 16_000, max: 40_000 }))
  .map((length) => Buffer.alloc(length, length));
const { written } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof({ maxDepth: 3 }, buffer, fc.array(tie('written'), { maxLength: 4 })),
}));

function encode(list: readonly Written[]): Encoder {
  const encoder = new Encoder();
  for (const one of list) {
    if (Buffer.isBuffer(one)) encoder.writeBufferInternal(one);
    else encoder.writeEncoder(encode(one));
  }
  return encoder;
}

function flat(written: Written): Buffer {
  return Buffer.isBuffer(written) ? written : Buffer.concat(written.map(flat));
}

describe('an encoder of kafkajs', () => {
  beforeAll(copyLargeBuffersOnce);

  it('given small and large buffers and other encoders, then it has all bytes in order, also when it goes on after it was read', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 5 }), fc.boolean(), (list, readBefore) => {
        const encoder = encode(list);
        if (readBefore) expect(encoder.buffer.length).toBe(encoder.size());
        encoder.writeBufferInternal(Buffer.from('end'));
        const expected = flat([...list, Buffer.from('end')]);
        expect(encoder.size()).toBe(expected.length);
        expect(encoder.buffer.equals(expected)).toBe(true);
      }),
    );
  });

  it('given a large buffer in an encoder in an encoder, then it is copied into no buffer that is longer', () => {
    const { buf } = encode([Buffer.from('a'), [Buffer.alloc(100_000)]]);
    expect(buf.length).toBeLessThan(1_000);
  });
});
