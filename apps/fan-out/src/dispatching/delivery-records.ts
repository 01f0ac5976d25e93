import { deliveryId, deliveryKey, encodeDeliveryHeaders, EVENT_HEADERS } from '@postduif/contracts';
import type { Event, Format, WebhookSnapshot } from '@postduif/contracts';
import type { ConsumedRecord, OutgoingRecord } from '@postduif/kafka';
import { encode } from '@postduif/payload-encoding';
import type { EncodedBody } from '@postduif/payload-encoding';

/** A record of `events`. */
export type EventRecord = Pick<
  ConsumedRecord,
  | 'topic'
  | 'partition'
  | 'offset'
  | 'key'
  | 'value'
  | 'headers'
  | 'exactHeaders'
  | 'timestamp'
  | 'replayed'
  | 'done'
  | 'isCurrent'
>;

/** When event-ingest accepted the event, Unix milliseconds. */
export function acceptedAt({ headers, timestamp }: Pick<EventRecord, 'headers' | 'timestamp'>): number {
  const header = headers[EVENT_HEADERS.acceptedAt] ?? '';
  return /^\d{1,15}$/.test(header) ? Number(header) : timestamp;
}

/** The bodies of one event: rendered once in each format that is wanted, and one buffer for all webhooks that want it. */
export class Bodies {
  readonly #bodies: Partial<Record<Format, EncodedBody>> = {};

  constructor(private readonly event: Event) {}

  /** Throws when the event's data is not what the contract says. */
  in(format: Format): EncodedBody {
    return (this.#bodies[format] ??= encode(format, this.event));
  }
}

/** The first attempt of an event for a webhook. The same event and webhook always make the same delivery. */
export function deliveryRecord(
  topic: string,
  record: Pick<EventRecord, 'headers' | 'timestamp'>,
  event: Event,
  webhook: WebhookSnapshot,
  { contentType, body }: EncodedBody,
): OutgoingRecord {
  const delivery = deliveryId(event, webhook.id);
  const headers = encodeDeliveryHeaders({
    delivery,
    account: event.account,
    webhook: webhook.id,
    event: event.id,
    trigger: event.type,
    contentType,
    attempt: 1,
    acceptedAt: acceptedAt(record),
    traceparent: record.headers[EVENT_HEADERS.traceparent] ?? event.traceparent,
  });
  return { topic, key: deliveryKey(webhook, delivery), value: body, headers };
}
