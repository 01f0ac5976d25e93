import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { ConsumedRecord } from './consumed-record.js';
import type { PartitionAssignment } from './partition-assignment.js';

/** Estimate of what a record costs beside its key, value and headers: objects, buffers, what the handler makes of it. */
const OVERHEAD_BYTES = 600;

type OnDone = (assignment: PartitionAssignment, offset: number, bytes: number) => void;

/** A record read under an assignment. One object and its headers: this is the hot path. */
export class PartitionRecord implements ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
  readonly timestamp: number;
  readonly bytes: number;

  constructor(
    private readonly assignment: PartitionAssignment,
    readonly offset: number,
    message: KafkaMessage,
    private readonly onDone: OnDone | undefined,
  ) {
    this.topic = assignment.topic;
    this.partition = assignment.partition;
    this.epoch = assignment.epoch;
    this.key = own(message.key);
    this.value = own(message.value);
    this.headers = texts(message.headers);
    this.timestamp = Number(message.timestamp);
    this.bytes = OVERHEAD_BYTES + (this.key?.length ?? 0) + (this.value?.length ?? 0) + sizeOf(this.headers);
  }

  get replayed(): boolean {
    return this.onDone === undefined;
  }

  done(): void {
    this.onDone?.(this.assignment, this.offset, this.bytes);
  }

  isCurrent(): boolean {
    return this.assignment.current;
  }
}

/** kafkajs gives parts of the whole response. A small part that lives long would keep all of it in memory. */
export function own(part: Buffer | null): Buffer | null {
  if (part === null || part.length * 2 > part.buffer.byteLength) return part;
  return Buffer.from(part);
}

function texts(headers: IHeaders | undefined): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) result[name] = last.toString();
  }
  return result;
}

function sizeOf(headers: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const name in headers) bytes += headers[name]?.length ?? 0;
  return bytes;
}
