import type { Clock } from '../engine/ports.js';

/** A record waiting in a tier. */
export interface Waiting {
  readonly topic: string;
  readonly partition: number;
  /** When it entered the tier: the record's timestamp, Unix milliseconds. */
  readonly enteredAt: number;
  /** When it wants to be back on `deliveries`, Unix milliseconds. */
  readonly dueAt: number;
  done(): void;
}

export interface WheelOptions<W extends Waiting> {
  readonly clock: Clock;
  /** Delay of the tier that a topic is, in milliseconds. */
  readonly delayOf: (topic: string) => number;
  /** Sends a record on: to `deliveries` when it is due, else to the tier for what remains. Resolves when that is durable. */
  readonly forward: (waiting: W, now: number) => Promise<void>;
  readonly failed: (error: unknown, waiting: W) => void;
}

/**
 * The part of the hierarchical timing wheel (Varghese and Lauck, 1987) that runs in this process. In a tier all delays are equal,
 * so each partition is in the order of release: only its head is watched. Memory is bounded by the consumer's back-pressure, which
 * pauses a partition whose records are not released yet.
 */
export class Wheel<W extends Waiting> {
  readonly #spokes = new Map<string, W[]>();
  readonly #timers = new Map<string, () => void>();

  constructor(private readonly options: WheelOptions<W>) {}

  /** Records in memory that wait for their release. */
  get waiting(): number {
    let count = 0;
    for (const spoke of this.#spokes.values()) count += spoke.length;
    return count;
  }

  add(waiting: W): void {
    const key = `${waiting.topic}/${waiting.partition}`;
    const spoke = this.#spokes.get(key);
    if (spoke !== undefined) {
      spoke.push(waiting);
      return;
    }
    this.#spokes.set(key, [waiting]);
    this.#turn(key);
  }

  /** Forgets a partition that this process has no more; its records are read elsewhere. */
  drop(topic: string, partition: number): void {
    const key = `${topic}/${partition}`;
    this.#timers.get(key)?.();
    this.#timers.delete(key);
    this.#spokes.delete(key);
  }

  /** Releases every head whose time has come and waits for the next. */
  #turn(key: string): void {
    this.#timers.delete(key);
    const spoke = this.#spokes.get(key);
    if (spoke === undefined) return;
    const now = this.options.clock.now();
    let released = 0;
    for (const waiting of spoke) {
      if (this.#releaseAt(waiting) > now) break;
      released += 1;
      this.#forward(waiting, now);
    }
    spoke.splice(0, released);
    const head = spoke[0];
    if (head === undefined) this.#spokes.delete(key);
    else
      this.#timers.set(
        key,
        this.options.clock.at(this.#releaseAt(head), () => {
          this.#turn(key);
        }),
      );
  }

  /** Never later than the tier's delay, and no later than due: a short rest sits in the shortest tier until it is over. */
  #releaseAt(waiting: W): number {
    return Math.min(
      waiting.enteredAt + this.options.delayOf(waiting.topic),
      Math.max(waiting.dueAt, waiting.enteredAt),
    );
  }

  #forward(waiting: W, now: number): void {
    this.options.forward(waiting, now).then(
      () => {
        waiting.done();
      },
      (error: unknown) => {
        this.options.failed(error, waiting);
      },
    );
  }
}
