import { configKey, EVENT_HEADERS } from '@postduif/contracts';
import type { ConfigChange, WebhookSnapshot } from '@postduif/contracts';
import type { EventRecord } from '../dispatching/delivery-records.js';

export function aWebhook(given: Partial<WebhookSnapshot> = {}): WebhookSnapshot {
  return {
    kind: 'webhook',
    version: 1,
    id: '1',
    account: '1234',
    handler: 'https://hooks.example.org/hook',
    trigger: 'invoice.paid',
    format: 'json',
    schedule: [5],
    concurrency: 10,
    state: 'enabled',
    validated: true,
    secrets: [],
    ...given,
  };
}

export function asChange(webhook: WebhookSnapshot): ConfigChange {
  return { key: configKey('webhook', webhook.id), snapshot: webhook };
}

/** The canonical event as event-ingest writes it. */
export function anEvent(given: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    specversion: '1.0',
    id: 'event-1',
    type: 'invoice.paid',
    time: '2026-01-15T10:20:30Z',
    account: '1234',
    data: { total: 12.5 },
    ...given,
  };
}

export interface TestRecord extends EventRecord {
  /** How often it was acknowledged. */
  acknowledged: number;
}

let nextOffset = 0;

/** A record of `events`. */
export function aRecord(
  event: Record<string, unknown> | string | null = anEvent(),
  given: Partial<EventRecord> = {},
): TestRecord {
  const text = typeof event === 'string' ? event : JSON.stringify(event);
  const record: TestRecord = {
    topic: 'events',
    partition: 0,
    offset: nextOffset++,
    key: Buffer.from('1234/event-1'),
    value: event === null ? null : Buffer.from(text),
    headers: { [EVENT_HEADERS.acceptedAt]: '1768472430000' },
    exactHeaders: given.headers ?? {},
    timestamp: 1_768_472_430_000,
    replayed: false,
    acknowledged: 0,
    done: () => {
      record.acknowledged += 1;
    },
    isCurrent: () => true,
    ...given,
  };
  return record;
}

/** Lets everything happen that needs no time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
