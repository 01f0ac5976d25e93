import { describe, expect, it } from '@jest/globals';
import { decodeDeliveryHeaders, deliveryId, EVENT_HEADERS, REJECTED_HEADERS } from '@postduif/contracts';
import type { WebhookSnapshot } from '@postduif/contracts';
import type { OutgoingRecord } from '@postduif/kafka';
import { WebhookIndex } from '@postduif/matching';
import { RepeatWindows } from '../repeats/repeat-windows.js';
import { anEvent, aRecord, asChange, aWebhook, settled } from '../testing/given.js';
import type { DispatchFacts } from './dispatch-facts.js';
import { EventDispatcher } from './event-dispatcher.js';
import type { Written } from './durable-writer.js';
import { Rejections } from './rejections.js';

const DELIVERIES = 'deliveries';
const REJECTED = 'ingest.rejected';

/** A writer that writes at once, or when it is told to. */
class TestWriter {
  readonly records: OutgoingRecord[] = [];
  readonly waiting: ((written: Written) => void)[] = [];
  slow = false;
  full = false;
  answer: (record: OutgoingRecord) => Written = () => 'written';
  #whenRoom: (() => void)[] = [];

  hasRoom(): boolean {
    return !this.full;
  }

  room(): Promise<void> {
    return new Promise((resolve) => this.#whenRoom.push(resolve));
  }

  makeRoom(): void {
    this.full = false;
    for (const resolve of this.#whenRoom.splice(0)) resolve();
  }

  write(record: OutgoingRecord): Promise<Written> {
    this.records.push(record);
    if (!this.slow) return Promise.resolve(this.answer(record));
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  on(topic: string): OutgoingRecord[] {
    return this.records.filter((record) => record.topic === topic);
  }
}

function given(...webhooks: Partial<WebhookSnapshot>[]) {
  const index = new WebhookIndex();
  for (const [count, webhook] of webhooks.entries())
    index.apply(asChange(aWebhook({ id: String(count + 1), ...webhook })));
  const writer = new TestWriter();
  const facts: DispatchFacts[] = [];
  const replays: true[] = [];
  const dispatcher = new EventDispatcher({
    index,
    windows: new RepeatWindows(),
    writer,
    rejections: new Rejections(REJECTED, writer),
    topics: { deliveries: DELIVERIES },
    observer: { dispatched: (one) => facts.push(one), replayed: () => replays.push(true) },
    now: () => 1_768_472_430_250,
  });
  return { dispatcher, writer, facts, replays, index };
}

function deliveryOf(record: Pick<OutgoingRecord, 'headers'> | undefined) {
  return decodeDeliveryHeaders(record?.headers as Record<string, string>);
}

function eventOf(record: OutgoingRecord): string | undefined {
  return deliveryOf(record)?.event;
}

describe('an event that somebody wants', () => {
  it('given three webhooks, then each gets a delivery of the first attempt, keyed by webhook', async () => {
    const { dispatcher, writer, facts } = given({}, { format: 'form' }, {});
    const event = anEvent({ source: '/shop' });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const record = aRecord(event, { headers: { [EVENT_HEADERS.acceptedAt]: '1768472430100', traceparent } });
    dispatcher.take(record);
    await settled();

    expect(writer.on(DELIVERIES).map(({ key }) => key)).toEqual(['1', '2', '3']);
    for (const one of writer.on(DELIVERIES)) {
      const { key } = one;
      expect(deliveryOf(one)).toEqual({
        delivery: deliveryId({ account: '1234', source: '/shop', id: 'event-1' }, key as string),
        account: '1234',
        webhook: key,
        event: 'event-1',
        trigger: 'invoice.paid',
        contentType: key === '2' ? 'application/x-www-form-urlencoded' : 'application/json',
        attempt: 1,
        acceptedAt: 1_768_472_430_100,
        traceparent,
      });
    }
    expect(record.acknowledged).toBe(1);
    expect(facts).toEqual([
      expect.objectContaining({ outcome: 'matched', event: 'event-1', webhooks: ['1', '2', '3'], waitedMs: 150 }),
    ]);
  });

  it('given several webhooks of one format, then they share the bytes', async () => {
    const { dispatcher, writer } = given({}, {}, { format: 'form' });
    dispatcher.take(aRecord());
    await settled();
    const [first, second, third] = writer.records.map(({ value }) => value);
    expect(first).toBe(second);
    expect(String(first)).toBe('{"type":"invoice.paid","timestamp":"2026-01-15T10:20:30Z","data":{"total":12.5}}');
    expect(String(third)).toContain('&data=%7B%22total%22%3A12.5%7D');
  });

  it('given a record without the time of acceptance or a trace, then its own time and trace are taken', async () => {
    const { dispatcher, writer } = given({});
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    dispatcher.take(aRecord(anEvent({ traceparent }), { headers: {}, timestamp: 1_700_000_000_000 }));
    await settled();
    expect(deliveryOf(writer.records[0])).toMatchObject({ acceptedAt: 1_700_000_000_000, traceparent });
  });

  it('given numbers that no double holds, then their digits stay', async () => {
    const { dispatcher, writer } = given({});
    dispatcher.take(aRecord(JSON.stringify(anEvent({ data: { n: 0 } })).replace('"n":0', '"n":12345678901234567890')));
    await settled();
    expect(String(writer.records[0]?.value)).toContain('{"n":12345678901234567890}');
  });

  it('given the same event in two runs, then the deliveries are equal', async () => {
    const [first, second] = [given({}, { format: 'form' }), given({}, { format: 'form' })];
    const record = aRecord();
    first.dispatcher.take(record);
    second.dispatcher.take(record);
    await settled();
    expect(first.writer.records).toHaveLength(2);
    expect(first.writer.records).toEqual(second.writer.records);
  });
});

describe('an event that nobody wants', () => {
  it('given no webhook for it, then it is acknowledged', async () => {
    const { dispatcher, writer, facts } = given({ trigger: 'invoice.late' });
    const record = aRecord();
    dispatcher.take(record);
    await settled();
    expect(writer.records).toEqual([]);
    expect(record.acknowledged).toBe(1);
    expect(facts).toEqual([expect.objectContaining({ outcome: 'unmatched' })]);
  });
});

describe('acknowledging', () => {
  it('given deliveries that are not durable, then the event is acknowledged after the last of them', async () => {
    const { dispatcher, writer } = given({}, {});
    writer.slow = true;
    const record = aRecord();
    dispatcher.take(record);
    await settled();
    writer.waiting[1]?.('written');
    await settled();
    expect(record.acknowledged).toBe(0);
    writer.waiting[0]?.('written');
    await settled();
    expect(record.acknowledged).toBe(1);
  });

  it('given a slow write, then the events behind it go on', async () => {
    const { dispatcher, writer } = given({});
    writer.slow = true;
    dispatcher.take(aRecord(anEvent({ id: 'a' })));
    dispatcher.take(aRecord(anEvent({ id: 'b' })));
    await settled();
    expect(writer.records.map(eventOf)).toEqual(['a', 'b']);
  });

  it('given that the service stops before a delivery is durable, then the event is not acknowledged', async () => {
    const { dispatcher, writer, facts } = given({}, {});
    writer.answer = ({ key }) => (key === '1' ? 'written' : 'given up');
    const record = aRecord();
    dispatcher.take(record);
    await settled();
    expect(record.acknowledged).toBe(0);
    expect(facts).toEqual([]);
  });

  it('given no room, then events wait in order and nothing is rendered', async () => {
    const { dispatcher, writer } = given({});
    writer.full = true;
    const records = ['a', 'b', 'c'].map((id) => aRecord(anEvent({ id })));
    for (const record of records) dispatcher.take(record);
    await settled();
    expect(writer.records).toEqual([]);
    expect(dispatcher.waiting).toBe(3);
    writer.makeRoom();
    await settled();
    expect(writer.records.map(eventOf)).toEqual(['a', 'b', 'c']);
    expect(dispatcher.waiting).toBe(0);
  });

  it('given a partition that was taken away, then its waiting records are left to the new owner', async () => {
    const { dispatcher, writer } = given({});
    writer.full = true;
    let current = true;
    const record = aRecord(anEvent(), { isCurrent: () => current });
    dispatcher.take(record);
    current = false;
    dispatcher.forget([{ topic: 'events', partition: 0 }]);
    writer.makeRoom();
    await settled();
    expect(writer.records).toEqual([]);
    expect(record.acknowledged).toBe(0);
  });
});

describe('repeats', () => {
  it('given a repeat while the first is in flight, then it is acknowledged and not delivered', async () => {
    const { dispatcher, writer, facts } = given({});
    writer.slow = true;
    const [first, repeat] = [aRecord(), aRecord()];
    dispatcher.take(first);
    dispatcher.take(repeat);
    await settled();
    expect(writer.records).toHaveLength(1);
    expect([first.acknowledged, repeat.acknowledged]).toEqual([0, 1]);
    expect(facts).toEqual([expect.objectContaining({ outcome: 'repeat', webhooks: [] })]);
  });

  it('given another source or account with the same id, then it is another event', async () => {
    const { dispatcher, writer } = given({}, { account: '5' });
    for (const event of [anEvent(), anEvent({ source: '/b' }), anEvent({ account: '5' })])
      dispatcher.take(aRecord(event));
    await settled();
    expect(writer.records).toHaveLength(3);
  });

  it('given a replayed record, then it is remembered and counted, and not delivered again', async () => {
    const { dispatcher, writer, replays } = given({});
    const replayed = aRecord(anEvent(), { replayed: true });
    dispatcher.take(replayed);
    dispatcher.take(aRecord('{broken', { replayed: true }));
    dispatcher.take(aRecord());
    await settled();
    expect(writer.records).toEqual([]);
    expect(replayed.acknowledged).toBe(0);
    expect(replays).toHaveLength(2);
  });

  it('given a record that is read again after its partition was taken away, then it is delivered', async () => {
    const { dispatcher, writer } = given({});
    const record = aRecord();
    dispatcher.take(record);
    await settled();
    dispatcher.forget([record]);
    dispatcher.take(record);
    await settled();
    expect(writer.records).toHaveLength(2);
    expect(writer.records[0]).toEqual(writer.records[1]);
  });
});

describe('records that cannot be fanned out', () => {
  const update = { type: 'update', profile: 1, database: 1 };

  it.each([
    ['no value', null, /no value/],
    ['no JSON', '{"id":', /not valid JSON/],
    ['JSON that is no object', '[1]', /contract/],
    ['no data', JSON.stringify({ ...anEvent(), data: undefined }), /data: /],
    ['an id that is no text', anEvent({ id: 7 }), /id: /],
    ['no parameters where an update needs them', anEvent({ ...update, data: null }), /data: /],
    ['data that cannot be rendered', anEvent({ ...update, data: { parameters: {}, fields: 5, interests: 5 } }), /data/],
  ])('given %s, then the record is rejected as it came and the next goes on', async (_, value, detail) => {
    const { dispatcher, writer, facts } = given({}, { trigger: 'update', format: 'form' });
    const record = aRecord(value, { headers: { 'x-own': 'kept' } });
    const next = aRecord(anEvent({ id: 'next' }));
    dispatcher.take(record);
    dispatcher.take(next);
    await settled();
    const [rejected] = writer.on(REJECTED);
    expect(rejected).toMatchObject({ key: record.key, value: record.value });
    expect(rejected?.headers).toMatchObject({
      'x-own': 'kept',
      [REJECTED_HEADERS.code]: 'invalid_event',
      [REJECTED_HEADERS.detail]: expect.stringMatching(detail),
      [REJECTED_HEADERS.origin]: `events/0/${record.offset}`,
    });
    expect([record.acknowledged, next.acknowledged]).toEqual([1, 1]);
    expect(writer.on(DELIVERIES).map(eventOf)).toEqual(['next']);
    expect(facts.map(({ outcome }) => outcome).sort()).toEqual(['matched', 'rejected']);
  });

  it('given a delivery that its topic does not take, then the event is rejected and its other deliveries go on', async () => {
    const { dispatcher, writer } = given({}, {});
    writer.answer = ({ topic, key }) => (topic === DELIVERIES && key === '1' ? 'too large' : 'written');
    const record = aRecord();
    dispatcher.take(record);
    await settled();
    expect(writer.on(DELIVERIES)).toHaveLength(2);
    expect(writer.on(REJECTED)[0]?.headers).toMatchObject({
      [REJECTED_HEADERS.code]: 'payload_too_large',
      [REJECTED_HEADERS.detail]: 'The delivery to webhook 1 is larger than the topic deliveries takes.',
    });
    expect(record.acknowledged).toBe(1);
  });

  it('given a rejected record that its topic does not take either, then the reason alone is written', async () => {
    const { dispatcher, writer } = given();
    writer.answer = ({ value }) => (value === null ? 'written' : 'too large');
    const record = aRecord('{broken');
    dispatcher.take(record);
    await settled();
    expect(writer.on(REJECTED)[1]).toMatchObject({
      value: null,
      headers: { [REJECTED_HEADERS.origin]: `events/0/${record.offset}` },
    });
    expect(record.acknowledged).toBe(1);
  });
});
