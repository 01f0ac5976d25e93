import type { Clock } from '../engine/ports.js';

interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A record waiting in a tier. */
export interface Waiting extends TopicPartition {
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
  /** Reads a partition on whose next record was not wanted. */
  readonly resume: (partition: TopicPartition) => void;
  /** Whether records may be released at present. Asked again soon when not. Default: always. */
  readonly mayRelease?: () => boolean;
  readonly failed: (error: unknown, waiting: W) => void;
}

/** One partition of a tier. */
interface Spoke<W> {
  /** In the order of release. */
  readonly waiting: W[];
  callOffRelease?: () => void;
  callOffResume?: () => void;
}

/** What is released sooner than this, in milliseconds, waits in memory; everything else on the broker. */
const IN_MEMORY_MS = 3_000;
/** How long before its latest release a record is read, in milliseconds: it may be due a second before that. */
const LEAD_MS = 2_000;
const ASK_AGAIN_MS = 250;
/** Releases are gathered for so long, in milliseconds: many records in one request cost little more than one, and a second late is allowed. */
const GATHER_MS = 100;

/**
 * The part of the hierarchical timing wheel (Varghese and Lauck, 1987) that runs in this process. In a tier all delays are equal,
 * so each partition is in the order of its latest releases. A head that is not released soon is not taken, and its partition not read
 * until shortly before: what waits costs no memory. What is in memory is released in the order of its own due times.
 */
export class Wheel<W extends Waiting> {
  readonly #spokes = new Map<string, Spoke<W>>();
  /** Copies on their way that are not known to be durable. */
  readonly #forwarding = new Set<Promise<void>>();
  #stopped = false;

  constructor(private readonly options: WheelOptions<W>) {}

  /** Records in memory that wait for their release. */
  get waiting(): number {
    let count = 0;
    for (const { waiting } of this.#spokes.values()) count += waiting.length;
    return count;
  }

  /** Whether to take the record now. When not, `resume` is called in time for it. */
  isWanted({ topic, partition, enteredAt }: Pick<W, 'topic' | 'partition' | 'enteredAt'>): boolean {
    const { clock, delayOf, resume } = this.options;
    const releaseAt = enteredAt + delayOf(topic);
    if (releaseAt - IN_MEMORY_MS <= clock.now()) return true;
    const spoke = this.#spoke({ topic, partition });
    spoke.callOffResume?.();
    spoke.callOffResume = clock.at(releaseAt - LEAD_MS, () => {
      resume({ topic, partition });
    });
    return false;
  }

  add(waiting: W): void {
    const spoke = this.#spoke(waiting);
    const releaseAt = this.#releaseAt(waiting);
    const before = spoke.waiting.findLastIndex((other) => this.#releaseAt(other) <= releaseAt);
    spoke.waiting.splice(before + 1, 0, waiting);
    if (before === -1) this.#turn(spoke);
  }

  /** Forgets a partition that this process has no more; its records are read elsewhere. */
  drop(partition: TopicPartition): void {
    const spoke = this.#spokes.get(keyOf(partition));
    spoke?.callOffRelease?.();
    spoke?.callOffResume?.();
    this.#spokes.delete(keyOf(partition));
  }

  /** Releases nothing more; resolves when what was released is done. What waits is read again by whoever takes the partition. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#forwarding);
  }

  #spoke(partition: TopicPartition): Spoke<W> {
    const key = keyOf(partition);
    let spoke = this.#spokes.get(key);
    if (spoke === undefined) this.#spokes.set(key, (spoke = { waiting: [] }));
    return spoke;
  }

  /** Releases every head whose time has come, and waits for the next. */
  #turn(spoke: Spoke<W>): void {
    if (this.#stopped) return;
    const { clock, mayRelease } = this.options;
    const now = clock.now();
    spoke.callOffRelease?.();
    if (mayRelease?.() === false) {
      spoke.callOffRelease = clock.at(now + ASK_AGAIN_MS, () => {
        this.#turn(spoke);
      });
      return;
    }
    const next = spoke.waiting.findIndex((waiting) => this.#releaseAt(waiting) > now);
    for (const waiting of spoke.waiting.splice(0, next === -1 ? Infinity : next)) this.#forward(waiting, now);
    const head = spoke.waiting[0];
    if (head === undefined) return;
    // At the same moments in all partitions.
    spoke.callOffRelease = clock.at(Math.ceil(this.#releaseAt(head) / GATHER_MS) * GATHER_MS, () => {
      this.#turn(spoke);
    });
  }

  /** Never later than the tier's delay, and no later than due: a rest that is shorter than its tier sits there until it is over. */
  #releaseAt({ topic, enteredAt, dueAt }: W): number {
    return Math.min(enteredAt + this.options.delayOf(topic), Math.max(dueAt, enteredAt));
  }

  #forward(waiting: W, now: number): void {
    const forwarding = this.options
      .forward(waiting, now)
      .then(
        () => {
          waiting.done();
        },
        (error: unknown) => {
          this.options.failed(error, waiting);
        },
      )
      .finally(() => this.#forwarding.delete(forwarding));
    this.#forwarding.add(forwarding);
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
