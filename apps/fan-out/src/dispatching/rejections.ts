import { REJECTED_HEADERS } from '@postduif/contracts';
import type { ErrorCode } from '@postduif/contracts';
import type { OutgoingHeaders, OutgoingRecord } from '@postduif/kafka';
import type { EventRecord } from './delivery-records.js';
import type { DurableWriter, Written } from './durable-writer.js';

const MOST_DETAIL = 4_096;

/** Puts what cannot be fanned out onto `ingest.rejected`: the record as it came, and headers that say why. */
export class Rejections {
  constructor(
    private readonly topic: string,
    private readonly writer: Pick<DurableWriter, 'write'>,
  ) {}

  /** A record too large to be written with the reason beside it leaves only the reason; the original is at its origin. */
  async write(record: EventRecord, code: ErrorCode, detail: string): Promise<Written> {
    const reason = {
      [REJECTED_HEADERS.code]: code,
      [REJECTED_HEADERS.detail]: detail.slice(0, MOST_DETAIL),
      [REJECTED_HEADERS.origin]: `${record.topic}/${record.partition}/${record.offset}`,
    };
    const { key, value, exactHeaders } = record;
    const written = await this.writer.write(this.#record(key, value, { ...exactHeaders, ...reason }));
    if (written !== 'too large') return written;
    return this.writer.write(this.#record(null, null, { ...reason, [REJECTED_HEADERS.content]: 'left out' }));
  }

  #record(key: Buffer | null, value: Buffer | null, headers: OutgoingHeaders): OutgoingRecord {
    return { topic: this.topic, key, value, headers };
  }
}
