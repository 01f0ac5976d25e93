import type { KafkaMessage } from 'kafkajs';
import type { ConsumedRecord } from './consumed-record.js';
import type { PartitionAssignment } from './partition-assignment.js';
import { readHeaders } from './record-headers.js';
import type { OutgoingHeaders } from './record-headers.js';

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
  readonly exactHeaders: OutgoingHeaders;
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
    const { texts, exact } = readHeaders(message.headers);
    this.headers = texts;
    this.exactHeaders = exact;
    this.timestamp = Number(message.timestamp);
    this.bytes = OVERHEAD_BYTES + (this.key?.length ?? 0) + (this.value?.length ?? 0) + sizeOf(exact);
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

/** kafkajs gives parts of the whole response, and one that lives long would keep all of it in memory, however little of it is counted. */
export function own(part: Buffer | null): Buffer | null {
  if (part === null || part.length > part.buffer.byteLength * 0.9) return part;
  return Buffer.from(part);
}

function sizeOf(headers: OutgoingHeaders): number {
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name];
    bytes += Array.isArray(value) ? value.reduce((sum, one) => sum + one.length, 0) : (value?.length ?? 0);
  }
  return bytes;
}
