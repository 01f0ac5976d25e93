import { describe, expect, it } from '@jest/globals';
import { encodeDeliveryHeaders } from '@postduif/contracts';
import type { ConsumedRecord } from '@postduif/kafka';
import { deliveriesReader } from './deliveries-reader.js';
import type { Job } from './engine/ports.js';

function aRecord(partition: number): ConsumedRecord {
  const headers = encodeDeliveryHeaders({
    ...{ delivery: 'd', account: '1', webhook: '7', event: 'e', trigger: 'click' },
    ...{ contentType: 'text/plain', attempt: 1, acceptedAt: 0 },
  });
  const record: Partial<ConsumedRecord> = { topic: 'deliveries', partition, key: null, value: null, headers };
  return record as ConsumedRecord;
}

describe('a reader of deliveries', () => {
  it('given several who hold a partition, then it is paused once, and read on when the last one has let go', () => {
    const said: string[] = [];
    const jobs: Job[] = [];
    const read = deliveriesReader(
      { accept: (job) => void jobs.push(job) },
      { malformed: () => Promise.resolve() },
      {
        pause: ({ partition }) => void said.push(`pause ${partition}`),
        resume: ({ partition }) => void said.push(`resume ${partition}`),
      },
      () => undefined,
    );
    for (const partition of [3, 3, 4]) read(aRecord(partition));

    const [first, second, other] = jobs.map((job) => job.holdPartition());
    first?.();
    other?.();
    second?.();

    expect(said).toEqual(['pause 3', 'pause 4', 'resume 4', 'resume 3']);
  });
});
