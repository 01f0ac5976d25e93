import type { DeadReason, DeliveryHeaders, WebhookSnapshot } from '@postduif/contracts';
import type { OutboundResult } from '@postduif/outbound';
import { nextAttempt, parseRetryAfter } from '@postduif/retry-schedule';

/** What becomes of a delivery after an attempt. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly dueAt: number }
  | { readonly kind: 'dead'; readonly reason: DeadReason };

const GONE = 410;

/**
 * Design section 5: 2xx is delivered; 410 ends it (and disables the webhook); everything else, redirects included, is tried again
 * by the webhook's schedule, later if the receiver's `Retry-After` says so.
 */
export function decideOutcome(
  result: OutboundResult,
  delivery: Pick<DeliveryHeaders, 'attempt'>,
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
  return 'exhausted' in next ? { kind: 'dead', reason: 'attempts_exhausted' } : { kind: 'retry', dueAt: next.dueAt };
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Diversions are no attempts, so they need an end of their own: twice the schedule, at least a day, from when it first could have gone. */
export function expired(
  delivery: Pick<DeliveryHeaders, 'firstAttemptAt'>,
  webhook: Pick<WebhookSnapshot, 'schedule'>,
  now: number,
): boolean {
  const scheduleMs = webhook.schedule.reduce((sum, seconds) => sum + seconds * 1_000, 0);
  return delivery.firstAttemptAt !== undefined && now - delivery.firstAttemptAt > Math.max(DAY_MS, 2 * scheduleMs);
}

function retryAfter(result: OutboundResult, now: number): number | undefined {
  const header = result.outcome === 'response' ? result.headers['retry-after'] : undefined;
  return header === undefined ? undefined : parseRetryAfter(header, now);
}

/** For the attempt record: a stable code and a sentence, or nothing after a 2xx. */
export function describeFailure(result: OutboundResult): { error?: string; errorDetail?: string } {
  if (result.outcome === 'error') return { error: result.code, errorDetail: result.message };
  if (result.status >= 200 && result.status < 300) return {};
  const redirect = result.status >= 300 && result.status < 400;
  const detail = redirect
    ? `The receiver answered ${result.status}; redirects are not followed. Register the address it points to.`
    : `The receiver answered ${result.status}.`;
  return { error: 'http_status', errorDetail: detail };
}
