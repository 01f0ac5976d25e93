import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import { compressFrame } from 'lz4-napi';
import { compress } from 'snappy';

const { CompressionCodecs, CompressionTypes } = kafkajs;

type Encoder = (records: Buffer) => Promise<Buffer>;

/** Lets the Kafka clients of a test write with every compression that there is; what they write is made without our own code. */
export function compressEverything(): void {
  CompressionCodecs[CompressionTypes.Snappy] = () => codec(asJavaDoes);
  CompressionCodecs[CompressionTypes.LZ4] = () => codec(compressFrame);
  CompressionCodecs[CompressionTypes.ZSTD] = () => codec(promisify(zstdCompress));
}

function codec(encode: Encoder) {
  return {
    compress: ({ buffer }: { readonly buffer: Buffer }) => encode(buffer),
    decompress: () => Promise.reject(new Error('these clients only write')),
  };
}

/** The blocks of snappy-java: a header of magic and two versions, then length and bytes of each block of at most 32 KiB. */
async function asJavaDoes(records: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [Buffer.from('82534e41505059000000000100000001', 'hex')];
  for (let start = 0; start < records.length; start += 32_768) {
    const block = await compress(records.subarray(start, start + 32_768));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}
