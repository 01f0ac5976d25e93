import type { Message, TopicMessages } from 'kafkajs';
import type { OutgoingHeaders } from './record-headers.js';

export interface OutgoingRecord {
  readonly topic: string;
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: OutgoingHeaders;
  /** Default: by the key, as Java's producer does. */
  readonly partition?: number;
  /** Unix milliseconds. Default now. */
  readonly timestamp?: number;
}

/** Upper estimate of what a record costs beside key, value and headers. */
const OVERHEAD_BYTES = 100;

/** Bytes of a record in a batch, rather more than less. */
export function sizeOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = OVERHEAD_BYTES + lengthOf(key) + lengthOf(value);
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) for (const one of value) bytes += headerSize(name, one);
    else bytes += headerSize(name, value);
  }
  return bytes;
}

function headerSize(name: string, value: Buffer | string | undefined): number {
  return Buffer.byteLength(name) + lengthOf(value) + 10;
}

function lengthOf(data: Buffer | string | null | undefined): number {
  return data === null || data === undefined ? 0 : Buffer.byteLength(data);
}

/** What `sendBatch` takes, in order. */
export function byTopic(records: readonly OutgoingRecord[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const record of records) {
    let messages = topics.get(record.topic);
    if (messages === undefined) topics.set(record.topic, (messages = { topic: record.topic, messages: [] }));
    messages.messages.push(toMessage(record));
  }
  return [...topics.values()];
}

function toMessage({ key = null, value, headers, partition, timestamp }: OutgoingRecord): Message {
  const message: Message = { key, value };
  if (headers !== undefined) message.headers = headers;
  if (partition !== undefined) message.partition = partition;
  if (timestamp !== undefined) message.timestamp = String(timestamp);
  return message;
}
