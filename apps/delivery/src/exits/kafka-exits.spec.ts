import { describe, expect, it } from '@jest/globals';
import { topicNames } from '@postduif/contracts';
import type { Attempt } from '@postduif/contracts';
import type { OutgoingRecord } from '@postduif/kafka';
import type { AttemptFacts } from '../engine/ports.js';
import { KafkaExits } from './kafka-exits.js';

const MIB = 1024 * 1024;
const topics = topicNames('postduif.');
const delivery = {
  ...{ delivery: 'd', account: '1', webhook: '1', event: 'e', trigger: 'click', contentType: 'text/plain' },
  ...{ attempt: 1, acceptedAt: 0 },
};
const job = { delivery, body: Buffer.alloc(0), key: null, done: () => undefined, isCurrent: () => true };
const timing = { queuedMs: 0, firstByteMs: 1, totalMs: 1 };

/** An attempt whose receiver answered with as much as is kept, in a form that takes six times as much in JSON. */
const attempt: AttemptFacts = {
  ...{ job, webhook: undefined, startedAt: 0, endedAt: 1, outcome: 'delivered' },
  result: {
    ...{ outcome: 'response', status: 200, headers: { 'x-long': 'x'.repeat(8_000) }, body: Buffer.alloc(4_096) },
    ...{ bodyTruncated: false, remoteAddress: '192.0.2.1', timing },
  },
};

/** Exits to a Kafka that takes nothing until it is told to. */
function exitsToNowhere() {
  const sent: OutgoingRecord[] = [];
  const waiting: (() => void)[] = [];
  const send = (record: OutgoingRecord): Promise<void> => {
    sent.push(record);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const clock = { now: () => 1_000_000, at: () => () => undefined };
  return {
    exits: new KafkaExits({ send }, topics, clock),
    sent,
    take: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

const read = (record: OutgoingRecord): Attempt => JSON.parse(String(record.value)) as Attempt;

describe('KafkaExits', () => {
  it('given attempts that Kafka does not take, then what receivers answered is left out of those that are too much, until it does', async () => {
    const { exits, sent, take } = exitsToNowhere();
    const all = Promise.all(Array.from({ length: 5_000 }, () => exits.attempt(attempt)));

    const bytes = sent.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    expect(bytes).toBeLessThan(20 * MIB);
    expect(read(sent[0]!)).toMatchObject({ status: 200, responseHeaders: { 'x-long': 'x'.repeat(8_000) } });
    expect(read(sent.at(-1)!)).toMatchObject({ status: 200, outcome: 'delivered' });
    expect(read(sent.at(-1)!)).not.toHaveProperty('responseBody');
    take();
    await all;
    void exits.attempt(attempt);
    expect(read(sent.at(-1)!).responseBody).toHaveLength(4_096);
  });

  it('given a wait, then it is counted from now, whenever Kafka takes it', () => {
    const { exits, sent } = exitsToNowhere();
    void exits.wait(job, delivery, 1_005_000);

    expect(sent).toMatchObject([{ topic: topics.retry['5s'], timestamp: 1_000_000 }]);
  });
});
