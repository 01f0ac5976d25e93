import type { DeadReason, DeliveryHeaders, WebhookSnapshot } from '@postduif/contracts';
import type { OutboundErrorCode, OutboundResult } from '@postduif/outbound';
import { MAX_RETRY_AFTER_MS, nextAttempt, parseRetryAfter } from '@postduif/retry-schedule';

/** What becomes of a delivery after an attempt. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly dueAt: number }
  | { readonly kind: 'dead'; readonly reason: DeadReason };

const TOO_MANY_REQUESTS = 429;
const GONE = 410;
const UNAVAILABLE = 503;

/**
 * Design section 5: 2xx is delivered; 410 ends it (and disables the webhook); everything else, redirects included, is tried again
 * by the webhook's schedule, later if the receiver's `Retry-After` says so, but not beyond the overall deadline.
 */
export function decideOutcome(
  result: OutboundResult,
  delivery: Pick<DeliveryHeaders, 'attempt' | 'firstAttemptAt'>,
  webhook: Pick<WebhookSnapshot, 'schedule'>,
  now: number,
  random: () => number,
): Outcome {
  if (result.outcome === 'response') {
    if (result.status >= 200 && result.status < 300) return { kind: 'delivered' };
    if (result.status === GONE) return { kind: 'dead', reason: 'receiver_gone' };
  }
  const next = nextAttempt({
    schedule: webhook.schedule,
    attempt: delivery.attempt,
    now,
    random,
    retryAfterMs: retryAfter(result, now),
  });
  if ('exhausted' in next) return { kind: 'dead', reason: 'attempts_exhausted' };
  if (expired(delivery, webhook, next.dueAt)) return { kind: 'dead', reason: 'expired' };
  return { kind: 'retry', dueAt: next.dueAt };
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** A day more than a receiver can ask for. */
const SHORTEST_DEADLINE_MS = MAX_RETRY_AFTER_MS + DAY_MS;

/**
 * The overall deadline: twice the schedule, at least two days, from when the delivery first could have gone. Waiting for room is no
 * attempt and a receiver may ask for more time each time, so the schedule alone is no end.
 */
export function expired(
  delivery: Pick<DeliveryHeaders, 'firstAttemptAt'>,
  webhook: Pick<WebhookSnapshot, 'schedule'>,
  at: number,
): boolean {
  const scheduleMs = webhook.schedule.reduce((sum, seconds) => sum + seconds * 1_000, 0);
  return (
    delivery.firstAttemptAt !== undefined &&
    at - delivery.firstAttemptAt > Math.max(SHORTEST_DEADLINE_MS, 2 * scheduleMs)
  );
}

/** Why nothing was sent, if it is for want of a connection of ours: that is no attempt, and says nothing about the receiver. */
export function lackOfConnection(result: OutboundResult): OutboundErrorCode | undefined {
  if (result.outcome !== 'error') return undefined;
  return result.code === 'connection_wait_timeout' || result.code === 'out_of_sockets' ? result.code : undefined;
}

/** What an attempt says about the receiver's health: it works, whatever it thinks of this delivery, or it does not. */
export function isHealthy(result: OutboundResult): boolean {
  return result.outcome === 'response' && result.status < 500 && result.status !== TOO_MANY_REQUESTS;
}

/** How long the whole receiver, not only this delivery, asks to be left alone, in milliseconds (RFC 9110 10.2.3, RFC 6585 4). */
export function restOf(result: OutboundResult, now: number): number | undefined {
  if (result.outcome !== 'response') return undefined;
  return result.status === TOO_MANY_REQUESTS || result.status === UNAVAILABLE ? retryAfter(result, now) : undefined;
}

function retryAfter(result: OutboundResult, now: number): number | undefined {
  const header = result.outcome === 'response' ? result.headers['retry-after'] : undefined;
  return header === undefined ? undefined : parseRetryAfter(header, now);
}
