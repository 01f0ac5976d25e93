import Encoder from 'kafkajs/src/protocol/encoder.js';

/** What is written by an encoder before the bytes in `buf`. */
interface WithParts extends Encoder {
  parts?: readonly Buffer[] | undefined;
}

/** Smaller ones are copied in less time than it takes to remember them. */
const LARGE_BYTES = 16 * 1024;

const { prototype } = Encoder;
const copy = prototype.writeBufferInternal;

/**
 * Has kafkajs 2.2.4 copy a large buffer once, when the whole request is there. By itself it copies it at each of two levels, into
 * buffers of up to twice the size that it clears first, which is much work for the garbage collector when bodies are large. Idempotent.
 */
export function copyLargeBuffersOnce(): void {
  prototype.writeBufferInternal = function (this: WithParts, buffer: Buffer): void {
    if (buffer.length < LARGE_BYTES) {
      copy.call(this, buffer);
      return;
    }
    this.parts = [...(this.parts ?? []), this.buf.subarray(0, this.offset), buffer];
    this.buf = this.buf.subarray(this.offset);
    this.offset = 0;
  };
  prototype.writeEncoder = function (
    this: WithParts,
    encoder: { parts?: readonly Buffer[]; readonly buf: Buffer; readonly offset?: number },
  ): Encoder {
    const { parts = [], buf, offset = buf.length } = encoder;
    for (const part of [...parts, buf.subarray(0, offset)]) this.writeBufferInternal(part);
    return this;
  };
  prototype.size = function (this: WithParts): number {
    return (this.parts ?? []).reduce((sum, { length }) => sum + length, this.offset);
  };
  Object.defineProperty(prototype, 'buffer', {
    configurable: true,
    get(this: WithParts): Buffer {
      if (this.parts !== undefined) {
        this.buf = Buffer.concat([...this.parts, this.buf.subarray(0, this.offset)]);
        this.offset = this.buf.length;
        this.parts = undefined;
      }
      return this.buf.subarray(0, this.offset);
    },
  });
}
