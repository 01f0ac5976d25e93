import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codecs } from './codecs.js';
import { JAVA_BATCHES } from './testing/java-batches.js';

const names = ['snappy', 'lz4', 'zstd'] as const;
const repeats = { snappy: 3_000, lz4: 13_000, zstd: 13_000 };

describe.each(names)('codec %s', (name) => {
  const codec = codecs[name];

  it('given records of a Java producer in several blocks, reads every byte', async () => {
    const records = (await codec.decompress(JAVA_BATCHES[name])).toString();
    expect(records).toContain('small 0 é');
    expect(records).toContain('small 1 é');
    expect(records).toContain(`large ${name} `.repeat(repeats[name]));
  });

  it('given any bytes, reads back what it wrote', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200_000 }), async (bytes) => {
        const buffer = Buffer.from(bytes);
        const compressed = await codec.compress({ buffer });
        expect((await codec.decompress(compressed)).equals(buffer)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('given bytes that are not of the codec, rejects', async () => {
    await expect(codec.decompress(Buffer.from('not compressed at all'))).rejects.toThrow();
  });
});
