import { describe, expect, it, jest } from '@jest/globals';
import { REJECTED_HEADERS } from '@postduif/contracts';
import { ProducerError } from '@postduif/kafka';
import type { KafkaClients, OutgoingRecord, ProducerErrorCode } from '@postduif/kafka';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { KnownAccounts } from '../accounts/known-accounts.js';
import { IngestMetrics } from '../ingest-metrics.js';
import { accountEntry } from '../testing/account-entry.js';
import { IngestReader } from './ingest-reader.js';
import type { IngestRecord } from './rejected-record.js';

const EVENT = { id: 'a', type: 'invoice.paid', account: '1234', data: { password: 'hunter2' } };

/** A producer that answers when it is told to. */
class SlowProducer {
  readonly sent: (OutgoingRecord & { readonly answer: PromiseWithResolvers<undefined> })[] = [];

  async send(record: OutgoingRecord): Promise<void> {
    const answer = Promise.withResolvers<undefined>();
    this.sent.push({ ...record, answer });
    await answer.promise;
  }

  refuse(code: ProducerErrorCode): void {
    this.sent.at(-1)?.answer.reject(new ProducerError(code));
  }
}

function given() {
  const lines: Record<string, unknown>[] = [];
  const producer = new SlowProducer();
  const accounts = new KnownAccounts();
  accounts.apply(...accountEntry('1234'));
  const reader = new IngestReader({
    // Only for the consumer, which is not started.
    kafka: {} as KafkaClients,
    groupId: 'test',
    topics: { ingest: 'ingest', ingestRejected: 'rejected', events: 'events' },
    accounts,
    types: { refusalOf: () => undefined },
    producer,
    metrics: new IngestMetrics(new Registry()),
    log: pino({ base: null }, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
  });
  return { reader, producer, accounts, lines };
}

let offset = 0;

function aRecord(value: unknown = EVENT, given: Partial<IngestRecord> = {}): IngestRecord & { acknowledged: number } {
  const record = {
    topic: 'ingest',
    partition: 0,
    offset: offset++,
    timestamp: Date.now(),
    key: Buffer.from('k'),
    value: typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value)),
    headers: { mine: 'yes' },
    exactHeaders: { mine: 'yes' },
    acknowledged: 0,
    done: () => {
      record.acknowledged += 1;
    },
    isCurrent: () => true,
    ...given,
  };
  return record;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a record of the topic ingest', () => {
  it('given records before it that took long, then it is read in another turn', async () => {
    const { reader } = given();
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    const wanted = [reader.isWanted(aRecord())];
    now.mockReturnValue(1_000);
    wanted.push(reader.isWanted(aRecord()));
    await settled();
    wanted.push(reader.isWanted(aRecord()));
    now.mockRestore();
    expect(wanted).toEqual([true, false, true]);
  });

  it('given an event, then it is done when the event is durable, and one line holds every fact but its data', async () => {
    const { reader, producer, lines } = given();
    const record = aRecord();
    reader.take(record);
    await settled();
    expect(producer.sent.map(({ topic, key }) => [topic, key])).toEqual([['events', '1234/a']]);
    expect(record.acknowledged).toBe(0);
    producer.sent[0]?.answer.resolve(undefined);
    await settled();
    expect(record.acknowledged).toBe(1);
    expect(lines).toEqual([
      expect.objectContaining({
        ...{ msg: 'event accepted', topic: 'ingest', partition: 0, offset: record.offset },
        ...{ event: 'a', account: '1234', type: 'invoice.paid', bytes: expect.any(Number) },
        waitedMs: expect.any(Number),
      }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('given a broken record, then it is done when it is durable among the rejected, and does not hold up the next', async () => {
    const { reader, producer, lines } = given();
    const [broken, next] = [aRecord('{"password":"hunter2"'), aRecord()];
    reader.take(broken);
    reader.take(next);
    await settled();
    const [rejected, event] = producer.sent;
    expect(rejected).toMatchObject({ topic: 'rejected', key: broken.key, value: broken.value });
    expect(rejected?.headers).toMatchObject({
      mine: 'yes',
      [REJECTED_HEADERS.code]: 'invalid_json',
      [REJECTED_HEADERS.origin]: `ingest/0/${broken.offset}`,
    });
    event?.answer.resolve(undefined);
    await settled();
    expect([broken.acknowledged, next.acknowledged]).toEqual([0, 1]);
    rejected?.answer.resolve(undefined);
    await settled();
    expect(broken.acknowledged).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: 40, code: 'invalid_json', offset: broken.offset });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('given an event that the topic does not take, then it is rejected with the reason', async () => {
    const { reader, producer } = given();
    const record = aRecord();
    reader.take(record);
    producer.refuse('record_too_large');
    await settled();
    expect(producer.sent[1]).toMatchObject({ topic: 'rejected', value: record.value });
    expect(producer.sent[1]?.headers).toMatchObject({ [REJECTED_HEADERS.code]: 'payload_too_large' });
    producer.refuse('record_too_large');
    await settled();
    expect(producer.sent[2]).toMatchObject({ topic: 'rejected', value: null });
    producer.sent[2]?.answer.resolve(undefined);
    await settled();
    expect(record.acknowledged).toBe(1);
  });

  it('given that the service stops before the event is durable, then it is not done', async () => {
    const { reader, producer } = given();
    const record = aRecord();
    reader.take(record);
    producer.refuse('producer_closed');
    await settled();
    expect(record.acknowledged).toBe(0);
  });

  it('given an account that is only just being made, then its event waits for it, and others go on', async () => {
    const { reader, producer, accounts } = given();
    reader.take(aRecord({ ...EVENT, account: 'new' }));
    reader.take(aRecord());
    await settled();
    expect(producer.sent.map(({ key }) => key)).toEqual(['1234/a']);
    accounts.apply(...accountEntry('new'));
    await settled();
    expect(producer.sent.map(({ key }) => key)).toEqual(['1234/a', 'new/a']);
  });

  it('given a partition that was taken away while its event waits for an account, then it is left to the new owner', async () => {
    const { reader, producer, accounts } = given();
    const record = aRecord({ ...EVENT, account: 'new' }, { isCurrent: () => false });
    reader.take(record);
    accounts.apply(...accountEntry('new'));
    await settled();
    expect([producer.sent, record.acknowledged]).toEqual([[], 0]);
  });
});
