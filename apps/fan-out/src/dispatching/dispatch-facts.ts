/** What became of an event. */
export type DispatchOutcome = 'matched' | 'unmatched' | 'repeat' | 'rejected';

/** Everything that is known of a record that was dispatched. Times are milliseconds. */
export interface DispatchFacts {
  readonly partition: number;
  readonly offset: number;
  readonly outcome: DispatchOutcome;
  /** Absent when the record is no event. */
  readonly event?: string;
  readonly account?: string;
  readonly type?: string;
  /** Ids of the webhooks that get the event. */
  readonly webhooks: readonly string[];
  /** Bytes of all deliveries. */
  readonly bytes: number;
  /** Why it was rejected, for people. */
  readonly detail?: string;
  /** From accepting to dispatching. */
  readonly waitedMs: number;
  /** Matching and rendering. */
  readonly dispatchMs: number;
  /** Until all that follows was durable. */
  readonly writeMs: number;
}

export interface DispatchObserver {
  /** All that follows from a record is durable. */
  dispatched(facts: DispatchFacts): void;
  /** A record was read again, to remember its identity. */
  replayed(): void;
}
