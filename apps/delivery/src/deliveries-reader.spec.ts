import { beforeEach, describe, expect, it } from '@jest/globals';
import { encodeDeliveryHeaders } from '@postduif/contracts';
import type { ConsumedRecord } from '@postduif/kafka';
import { DeliveriesReader } from './deliveries-reader.js';
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
  let said: string[];
  let jobs: Job[];
  let reader: DeliveriesReader;
  beforeEach(() => {
    said = [];
    jobs = [];
    reader = new DeliveriesReader({
      engine: { accept: (job) => void jobs.push(job) },
      exits: { malformed: () => Promise.resolve() },
      reading: {
        pause: ({ partition }) => void said.push(`pause ${partition}`),
        resume: ({ partition }) => void said.push(`resume ${partition}`),
      },
      failed: () => undefined,
    });
  });

  it('given several who hold a partition, then it is paused once, and read on when the last one has let go', () => {
    for (const partition of [3, 3, 4]) reader.read(aRecord(partition));

    const [first, second, other] = jobs.map((job) => job.holdPartition());
    first?.();
    other?.();
    second?.();

    expect(said).toEqual(['pause 3', 'pause 4', 'resume 4', 'resume 3']);
  });

  it('given a partition that was taken away and came back, then it is held anew, whoever held it before', () => {
    for (const partition of [3, 3]) reader.read(aRecord(partition));

    const before = jobs[0]?.holdPartition();
    reader.revoked([{ partition: 3 }]);
    const now = jobs[1]?.holdPartition();
    before?.();
    expect(said).toEqual(['pause 3', 'pause 3']);
    now?.();
    expect(said).toEqual(['pause 3', 'pause 3', 'resume 3']);
  });
});
