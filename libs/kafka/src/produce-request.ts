import { crc32c } from '@node-rs/crc32';
import type { IHeaders, Message } from 'kafkajs';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import type { ProduceRequest } from 'kafkajs/src/protocol/requests/index.js';

type Value = Buffer | string | null | undefined;

/** Of what the length of a batch counts, all that comes before its records. */
const BATCH_HEADER_BYTES = 49;
/** From the beginning of what the length of a batch counts to what its checksum covers. */
const CHECKED_FROM = 9;
const MAGIC = 2;
const NONE = -1;

/** The first version with record batches of format 2. */
const FIRST_VERSION = 3;

const { Produce } = protocol.requests;
const byKafkajs = Produce.protocol;

/**
 * Has Produce requests written by `encodeProduceRequest`, the bytes as before where kafkajs follows Kafka's format: not where only some
 * records of a batch have a timestamp, or a header has no value. kafkajs 2.2.4 copies each record some ten times into buffers that
 * it clears first, and computes checksums in JavaScript. What we do not use (compression by the producer, transactions) stays with it. Idempotent.
 */
export function speedUpProduceRequests(): void {
  Produce.protocol = ({ version }) => {
    const make = byKafkajs({ version });
    if (version < FIRST_VERSION) return make;
    return (options) => {
      const made = make(options);
      if (!isPlain(options)) return made;
      const encode = (): Promise<{ buf: Buffer; buffer: Buffer }> => {
        const buffer = encodeProduceRequest(options);
        return Promise.resolve({ buf: buffer, buffer });
      };
      return { ...made, request: { ...made.request, encode } };
    };
  };
}

function isPlain({ transactionalId = null, producerId = NONE, compression = 0 }: ProduceRequest): boolean {
  return compression === 0 && transactionalId === null && producerId.toString() === String(NONE);
}

/**
 * A Produce request of version 3 to 8 without its header, each record in a batch of format 2 for its partition, in one buffer. See
 * https://kafka.apache.org/protocol#The_Messages_Produce and https://kafka.apache.org/documentation/#recordbatch. Records without a timestamp
 * get `now` (Unix milliseconds).
 */
export function encodeProduceRequest({ acks, timeout, topicData }: ProduceRequest, now = Date.now()): Buffer {
  const topics = topicData.map(({ topic, partitions }) => ({
    topic,
    batches: partitions.map(({ partition, messages }) => ({ partition, batch: new SizedBatch(messages, now) })),
  }));
  let bytes = 2 + 2 + 4 + 4;
  for (const { topic, batches } of topics) {
    bytes += 2 + Buffer.byteLength(topic) + 4;
    for (const { batch } of batches) bytes += 4 + 4 + batch.bytes;
  }
  const writer = new Writer(bytes);
  writer.int16(NONE);
  writer.int16(acks);
  writer.int32(timeout);
  writer.int32(topics.length);
  for (const { topic, batches } of topics) {
    writer.int16(Buffer.byteLength(topic));
    writer.raw(topic);
    writer.int32(batches.length);
    for (const { partition, batch } of batches) {
      writer.int32(partition);
      writer.int32(batch.bytes);
      batch.write(writer);
    }
  }
  return writer.buffer;
}

/** The records for one partition. */
class SizedBatch {
  readonly #records: readonly SizedRecord[];
  readonly #first: number;
  readonly #last: number;
  /** With everything that belongs to it. */
  readonly bytes: number;

  constructor(messages: readonly Message[], now: number) {
    const times = messages.map(({ timestamp }) => (timestamp === undefined ? now : Number(timestamp)));
    this.#first = times.reduce((least, time) => Math.min(least, time));
    this.#last = times.reduce((most, time) => Math.max(most, time));
    this.#records = messages.map(
      (message, index) => new SizedRecord(message, index, (times[index] ?? this.#first) - this.#first),
    );
    this.bytes = 8 + 4 + this.#records.reduce((sum, record) => sum + record.bytes, BATCH_HEADER_BYTES);
  }

  write(writer: Writer): void {
    writer.int64(0);
    writer.int32(this.bytes - 8 - 4);
    const start = writer.offset;
    writer.int32(0);
    writer.int8(MAGIC);
    writer.int32(0);
    writer.int16(0);
    writer.int32(this.#records.length - 1);
    writer.int64(this.#first);
    writer.int64(this.#last);
    writer.int64(NONE);
    writer.int16(0);
    writer.int32(0);
    writer.int32(this.#records.length);
    for (const record of this.#records) record.write(writer);
    writer.buffer.writeUInt32BE(crc32c(writer.buffer.subarray(start + CHECKED_FROM, writer.offset)), start + 5);
  }
}

class SizedRecord {
  readonly #message: Message;
  readonly #headers: readonly (readonly [name: string, value: Value])[];
  readonly #offset: number;
  readonly #time: number;
  /** Without its length. */
  readonly #body: number;
  readonly bytes: number;

  /** `offset` and `time` (milliseconds) as differences from the first of the batch. */
  constructor(message: Message, offset: number, time: number) {
    this.#message = message;
    this.#headers = listHeaders(message.headers);
    this.#offset = offset;
    this.#time = time;
    let body = 1 + varintBytes(time) + varintBytes(offset) + sizedBytes(message.key) + sizedBytes(message.value);
    body += varintBytes(this.#headers.length);
    for (const [name, value] of this.#headers) body += sizedBytes(name) + sizedBytes(value);
    this.#body = body;
    this.bytes = varintBytes(body) + body;
  }

  write(writer: Writer): void {
    writer.varint(this.#body);
    writer.int8(0);
    writer.varint(this.#time);
    writer.varint(this.#offset);
    writer.sized(this.#message.key);
    writer.sized(this.#message.value);
    writer.varint(this.#headers.length);
    for (const [name, value] of this.#headers) {
      writer.sized(name);
      writer.sized(value);
    }
  }
}

/** A buffer of known size that is filled from the beginning. */
class Writer {
  readonly buffer: Buffer;
  offset = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafe(bytes);
  }

  int8(value: number): void {
    this.offset = this.buffer.writeInt8(value, this.offset);
  }

  int16(value: number): void {
    this.offset = this.buffer.writeInt16BE(value, this.offset);
  }

  int32(value: number): void {
    this.offset = this.buffer.writeInt32BE(value, this.offset);
  }

  /** Integers that a number holds exactly. */
  int64(value: number): void {
    this.int32(Math.floor(value / 2 ** 32));
    this.offset = this.buffer.writeUInt32BE(value >>> 0, this.offset);
  }

  /** Zigzag, seven bits a byte, the least first: Kafka's varint and varlong. */
  varint(value: number): void {
    let rest = zigzag(value);
    for (; rest > 127; rest = Math.floor(rest / 128)) this.buffer[this.offset++] = (rest % 128) + 128;
    this.buffer[this.offset++] = rest;
  }

  sized(value: Value): void {
    this.varint(value === null || value === undefined ? NONE : Buffer.byteLength(value));
    if (value !== null && value !== undefined) this.raw(value);
  }

  raw(value: Buffer | string): void {
    this.offset +=
      typeof value === 'string' ? this.buffer.write(value, this.offset) : value.copy(this.buffer, this.offset);
  }
}

/** A header with several values is several headers. */
function listHeaders(headers: IHeaders = {}): (readonly [name: string, value: Value])[] {
  const list: (readonly [string, Value])[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) for (const one of value) list.push([name, one]);
    else list.push([name, value]);
  }
  return list;
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = zigzag(value); rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

function sizedBytes(value: Value): number {
  if (value === null || value === undefined) return 1;
  const bytes = Buffer.byteLength(value);
  return varintBytes(bytes) + bytes;
}
