import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { WebhookSnapshot } from './config.js';
import type { DeadReason } from './errors.js';
import type { Event } from './event.js';

/**
 * A delivery on `deliveries`, the retry wheel and `deliveries.dead`: the value is the exact body that the receiver gets, and
 * everything else travels in a record header, so that a retry moves the value untouched.
 */
export interface DeliveryHeaders {
  /** Derived from event and webhook: a repeated fan-out makes the same id. */
  readonly delivery: string;
  readonly account: string;
  readonly webhook: string;
  /** Id of the event (`webhook-id`, `X-Webhook-Event-ID`). */
  readonly event: string;
  /** Type of the event. */
  readonly trigger: string;
  readonly contentType: string;
  /** Number of the attempt that comes next, from 1. */
  readonly attempt: number;
  /** When event-ingest accepted the event, Unix milliseconds. */
  readonly acceptedAt: number;
  /** Start of the first attempt or of the first diversion, Unix milliseconds; absent before both. */
  readonly firstAttemptAt?: number | undefined;
  /** Not before this moment, Unix milliseconds; absent: at once. */
  readonly dueAt?: number | undefined;
  /** W3C trace context of the event. */
  readonly traceparent?: string | undefined;
}

export const deliveryHeaders = z.object({
  delivery: z.string().min(1),
  account: z.string().min(1),
  webhook: z.string().min(1),
  event: z.string().min(1),
  trigger: z.string().min(1),
  contentType: z.string().min(1),
  attempt: z.int().min(1).max(9_999),
  acceptedAt: z.int().min(0),
  firstAttemptAt: z.int().min(0).optional(),
  dueAt: z.int().min(0).optional(),
  traceparent: z.string().optional(),
});

/** Name of the one record header: a client spends more on each header than on what is in it. */
export const DELIVERY_HEADER = 'delivery';

/** The record header of a delivery, as JSON. Absent fields are left out. */
export function encodeDeliveryHeaders(delivery: DeliveryHeaders): Record<string, string> {
  return { [DELIVERY_HEADER]: JSON.stringify(delivery) };
}

/** Reads the record header; `undefined` when it is not a delivery's (dead letter reason `delivery_malformed`). */
export function decodeDeliveryHeaders(headers: Readonly<Record<string, string>>): DeliveryHeaders | undefined {
  try {
    return deliveryHeaders.safeParse(JSON.parse(headers[DELIVERY_HEADER] ?? '')).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Headers added on `deliveries.dead`. */
export interface DeadHeaders {
  readonly reason: DeadReason;
  /** Sentence for people: what the last attempt met. */
  readonly 'reason-detail': string;
  readonly 'dead-at': string;
}

/** Headers on `events` beside the JSON value. */
export const EVENT_HEADERS = {
  /** When event-ingest accepted the event, Unix milliseconds. */
  acceptedAt: 'accepted-at',
  /** W3C trace context: the event's own, else that of the request. Absent when there is neither. */
  traceparent: 'traceparent',
} as const;

/** Headers on `ingest.rejected` beside the original key, value and headers. */
export const REJECTED_HEADERS = {
  /** Stable code of the error catalogue. */
  code: 'rejected-code',
  /** Sentence with the wrong fields. */
  detail: 'rejected-detail',
  /** `topic/partition/offset` of the original record. */
  origin: 'rejected-origin',
  /** `left out`: key, value and headers were too large to be written again; they are at the origin. Absent otherwise. */
  content: 'rejected-content',
} as const;

/** Identity of an event: CloudEvents 1.0 makes `source` and `id` unique together; ours holds within an account. */
export function eventIdentity(event: Pick<Event, 'account' | 'source' | 'id'>): string {
  return `${event.account}\n${event.source ?? ''}\n${event.id}`;
}

/** Stable delivery id of an event for a webhook: 128 bits of SHA-256 as 22 characters of base64url. */
export function deliveryId(event: Pick<Event, 'account' | 'source' | 'id'>, webhook: string): string {
  const digest = createHash('sha256')
    .update(`${eventIdentity(event)}\n${webhook}`)
    .digest();
  return digest.subarray(0, 16).toString('base64url');
}

/** Shards of a webhook. Each has its part of the limits, so there are no more of them than requests in flight to share out. */
export function shardsOf({ shards = 1, concurrency }: Pick<WebhookSnapshot, 'shards' | 'concurrency'>): number {
  return Math.min(shards, concurrency);
}

/** Requests a second of a webhook: what its owner sets, or what its receiver allows if that is less; undefined: no limit. */
export function rateOf({ rate, allowedRate }: Pick<WebhookSnapshot, 'rate' | 'allowedRate'>): number | undefined {
  const limit = Math.min(rate ?? Infinity, (allowedRate ?? Infinity) / 60);
  return limit === Infinity ? undefined : limit;
}

/**
 * Key of a record on `deliveries`: the webhook's id, or `<id>#<shard>` for one that is spread over several. The delivery's id chooses
 * the shard, so that a repeated fan-out chooses the same.
 */
export function deliveryKey(webhook: Pick<WebhookSnapshot, 'id' | 'shards' | 'concurrency'>, delivery: string): string {
  const shards = shardsOf(webhook);
  if (shards === 1) return webhook.id;
  return `${webhook.id}#${Buffer.from(delivery, 'base64url').readUInt32BE() % shards}`;
}
