import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { compress as compressSnappy, uncompress as uncompressSnappy } from 'snappy';

/** A codec as kafkajs takes it. */
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(data: Buffer): Promise<Buffer>;
}

const zstd = promisify(zstdCompress);

/** Header of snappy-java's block format ("xerial"), which Java clients write and others may leave out. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** The codecs that kafkajs does not bring along; gzip it has. */
export const codecs = {
  /** Writes snappy without framing, which Java clients read; reads it with and without. */
  snappy: { compress: ({ buffer }) => compressSnappy(buffer), decompress: readSnappy },
  lz4: { compress: ({ buffer }) => compressFrame(buffer), decompress: decompressFrame },
  zstd: { compress: ({ buffer }) => zstd(buffer), decompress: promisify(zstdDecompress) },
} satisfies Record<string, Codec>;

/** Teaches kafkajs every codec that a producer may use. Idempotent. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = () => codecs.snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => codecs.lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = () => codecs.zstd;
}

async function readSnappy(data: Buffer): Promise<Buffer> {
  if (!data.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return readBlock(data);
  const blocks: Promise<Buffer>[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < data.length;) {
    const end = at + 4 + data.readUInt32BE(at);
    blocks.push(readBlock(data.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(await Promise.all(blocks));
}

async function readBlock(block: Buffer): Promise<Buffer> {
  const data = await uncompressSnappy(block, { asBuffer: true });
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
