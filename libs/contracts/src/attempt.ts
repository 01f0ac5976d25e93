import { z } from 'zod';

/** Bytes of a receiver's answer that are kept (spec section 8). */
export const KEPT_RESPONSE_BYTES = 4_096;

/**
 * One attempt on the topic `attempts`, keyed by webhook. Also written when a delivery ends without a request (webhook deleted,
 * disabled): then `requested` is false.
 */
export const attemptSchema = z.object({
  delivery: z.string(),
  account: z.string(),
  webhook: z.string(),
  event: z.string(),
  trigger: z.string(),
  /** Number of this attempt, from 1. */
  attempt: z.int().positive(),
  /** Start of the attempt, ISO 8601 UTC. */
  at: z.iso.datetime(),
  /** `delivered`: 2xx. `retrying`: another attempt follows at `nextAttemptAt`. `dead`: none follows, see `reason`. */
  outcome: z.enum(['delivered', 'retrying', 'dead']),
  requested: z.boolean(),
  handler: z.string().optional(),
  remoteAddress: z.string().optional(),
  /** HTTP status; absent when no answer came. */
  status: z.int().optional(),
  /** Stable code of what went wrong: `http_status`, or a code of `libs/outbound` (`connect_refused`, `response_timeout`, …). */
  error: z.string().optional(),
  /** Sentence for people. */
  errorDetail: z.string().optional(),
  /** Milliseconds from the start of the attempt to its end. */
  durationMs: z.number().nonnegative(),
  /** Milliseconds from the acceptance of the event to the end of this attempt. */
  sinceAcceptedMs: z.number().nonnegative(),
  requestBytes: z.int().nonnegative(),
  /** Absent where there was no answer, and with `responseBody` where more than 16 MiB of attempts waited for Kafka. */
  responseHeaders: z.record(z.string(), z.string()).optional(),
  /** First 4 KiB as text. */
  responseBody: z.string().optional(),
  nextAttemptAt: z.iso.datetime().optional(),
  /** One of `DEAD_REASONS`. */
  reason: z.string().optional(),
});

export type Attempt = z.output<typeof attemptSchema>;
