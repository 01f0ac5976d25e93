import type { DeadReason, DeliveryHeaders, WebhookSnapshot } from '@postduif/contracts';
import type { OutboundErrorCode, OutboundResult } from '@postduif/outbound';

/** A delivery read from `deliveries`, with the acknowledgement of its record. */
export interface Job {
  readonly delivery: DeliveryHeaders;
  /** The exact bytes that the receiver gets. */
  readonly body: Buffer;
  /** Key of the record; kept over all topics, so that a webhook's shard keeps its partition. */
  readonly key: Buffer | null;
  /** Acknowledges the record: everything that follows from it is durable. */
  done(): void;
  /** False when its partition was taken away: somebody else sees to it. */
  isCurrent(): boolean;
}

export interface Webhooks {
  /** The webhook as the configuration has it now. */
  find(id: string): WebhookSnapshot | undefined;
  /** Resolves when everything is known that was on `config` at the moment of the call. Never rejects. */
  current(): Promise<void>;
}

export interface Sender {
  /** Whether what this webhook's requests are signed with is there and could be opened. */
  canSign(webhook: WebhookSnapshot): boolean;
  /** Signs and posts. Never rejects. */
  post(job: Job, webhook: WebhookSnapshot): Promise<OutboundResult>;
}

/** Where a delivery goes when it leaves the engine. Each resolves when it is durable, however long that takes. */
export interface Exits {
  /** Onto the retry wheel until `dueAt`. A diversion keeps the attempt number, a retry comes with the next one. */
  wait(job: Job, delivery: DeliveryHeaders, dueAt: number): Promise<void>;
  dead(job: Job, reason: DeadReason, detail: string): Promise<void>;
  attempt(record: AttemptFacts): Promise<void>;
}

/** Everything that is known of an ended attempt. */
export interface AttemptFacts {
  readonly job: Job;
  readonly webhook: WebhookSnapshot | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly result: OutboundResult | undefined;
  readonly outcome: 'delivered' | 'retrying' | 'dead';
  readonly nextAttemptAt?: number;
  readonly reason?: DeadReason;
}

/** What metrics want to know. */
export interface Observer {
  ended(facts: AttemptFacts): void;
  /** An attempt of a partition that was taken away meanwhile has ended: nothing follows from it here. */
  fenced(facts: Omit<AttemptFacts, 'outcome'>): void;
  diverted(): void;
  /** There was no connection for a delivery, for a reason of ours. It is diverted. */
  turnedAway(webhook: WebhookSnapshot, error: OutboundErrorCode): void;
  /** A receiver has failed too often in a row, or answers again. What was diverted is back by `waitsUntil`, Unix milliseconds. */
  breakerMoved(webhook: WebhookSnapshot, to: 'open' | 'closed', waitsUntil: number): void;
  /** More waits for a webhook than there is memory for. */
  crowded(webhook: WebhookSnapshot): void;
  /** A delivery came off the wheel. */
  returned(lateMs: number): void;
}

export interface Clock {
  now(): number;
  /** Runs `work` at `at` (Unix milliseconds); returns how to call it off. */
  at(at: number, work: () => void): () => void;
}

/** Longer waits are not for timers; who set one asks again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at: (at, work) => {
    const timer = setTimeout(work, Math.min(LONGEST_TIMER_MS, Math.max(0, at - Date.now())));
    return () => {
      clearTimeout(timer);
    };
  },
};
