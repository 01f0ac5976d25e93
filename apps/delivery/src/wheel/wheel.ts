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
  /** Id of the webhook that it is for. */
  readonly webhook: string;
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
  /** Records that a death of this process would move once more: beyond it none is moved. Default 100. */
  readonly maxUnsettled?: number;
  /** Records that were moved and are not committed. Default none. */
  readonly uncommitted?: () => number;
  /** Whether there is so much to do on `deliveries` that what comes back would hold up others. Default: never. */
  readonly isBehind?: () => boolean;
  readonly failed: (error: unknown, waiting: W) => void;
}

/** One partition of a tier. */
interface Spoke<W> {
  /** In the order of release. */
  readonly waiting: W[];
  callOffResume?: () => void;
}

/** What is released sooner than this, in milliseconds, waits in memory; everything else on the broker. */
const IN_MEMORY_MS = 3_000;
/** How long before its latest release a record is read, in milliseconds: it may be due a second before that. */
const LEAD_MS = 2_000;
/** When something may not be released, how soon to look again, in milliseconds. */
const LOOK_AGAIN_MS = 25;
const CLOCKS_DIFFER_MS = 2_000;
const MAX_UNSETTLED = 100;
/** Releases are gathered for so long, in milliseconds: many records in one request cost little more than one, and a second late is allowed. */
const GATHER_MS = 100;
/**
 * What comes back each time while this process is behind: a hundred records a second. When fresh deliveries alone are more than it can do,
 * what waits would otherwise never end; and so few cost the fresh ones little. Each webhook has its turn, so that none waits for the whole
 * backlog of another.
 */
const TRICKLE = 10;

/**
 * The part of the hierarchical timing wheel (Varghese and Lauck, 1987) that runs in this process. In a tier all delays are equal,
 * so each partition is in the order of its latest releases. A head that is not released soon is not taken, and its partition not read
 * until shortly before: what waits costs no memory. What is in memory is released in the order of its own due times.
 */
export class Wheel<W extends Waiting> {
  readonly #spokes = new Map<string, Spoke<W>>();
  /** Copies on their way that are not known to be durable. */
  readonly #forwarding = new Set<Promise<void>>();
  #next: { readonly at: number; readonly callOff: () => void } | undefined;
  /** Nothing is released before, as not everything could be. */
  #heldUntil = 0;
  /** The last turns of webhooks of which something is due, while this process is behind. */
  readonly #turns = new Map<string, number>();
  #turnCount = 0;

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
    if (releaseAt - IN_MEMORY_MS <= clock.now() || this.#isAhead(enteredAt)) return true;
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
    if (before === -1) this.#wake(releaseAt);
  }

  /** Forgets a partition that this process has no more; its records are read elsewhere. */
  drop(partition: TopicPartition): void {
    const spoke = this.#spokes.get(keyOf(partition));
    spoke?.callOffResume?.();
    this.#spokes.delete(keyOf(partition));
  }

  /** Resolves when what was released is done. What waits is not waited for. */
  async settled(): Promise<void> {
    await Promise.all(this.#forwarding);
  }

  #spoke(partition: TopicPartition): Spoke<W> {
    const key = keyOf(partition);
    let spoke = this.#spokes.get(key);
    if (spoke === undefined) this.#spokes.set(key, (spoke = { waiting: [] }));
    return spoke;
  }

  /** At the same moments for all partitions. */
  #wake(releaseAt: number): void {
    // The clock may have been set back since.
    this.#heldUntil = Math.min(this.#heldUntil, this.options.clock.now() + GATHER_MS);
    const at = Math.max(Math.ceil(releaseAt / GATHER_MS) * GATHER_MS, this.#heldUntil);
    if (this.#next !== undefined && this.#next.at <= at) return;
    this.#next?.callOff();
    const callOff = this.options.clock.at(at, () => {
      this.#next = undefined;
      this.#turn();
    });
    this.#next = { at, callOff };
  }

  /** Releases what may go of everything whose time has come, and waits for the next. */
  #turn(): void {
    const { clock, mayRelease, isBehind } = this.options;
    const now = clock.now();
    const behind = isBehind?.() === true;
    const records = mayRelease?.() === false ? 0 : this.#room;
    const left = { records, returns: behind && records > 0 ? this.#trickle(now) : undefined };
    let next = Infinity;
    for (const [key, spoke] of [...this.#spokes]) {
      const before = left.records;
      this.#release(spoke, now, left);
      const [head] = spoke.waiting;
      if (head === undefined) continue;
      const releaseAt = this.#releaseAt(head);
      next = Math.min(next, releaseAt);
      if (releaseAt > now) continue;
      this.#heldUntil = now + (behind ? GATHER_MS : LOOK_AGAIN_MS);
      if (left.records === before) continue;
      // The others come first next time.
      this.#spokes.delete(key);
      this.#spokes.set(key, spoke);
    }
    if (next !== Infinity) this.#wake(next);
  }

  /** Records that may be moved now. */
  get #room(): number {
    const { maxUnsettled = MAX_UNSETTLED, uncommitted } = this.options;
    return maxUnsettled - this.#forwarding.size - (uncommitted?.() ?? 0);
  }

  /** A few of what is due, of each webhook in turn. */
  #trickle(now: number): Set<W> {
    const due = this.#due(now);
    for (const webhook of this.#turns.keys()) if (!due.has(webhook)) this.#turns.delete(webhook);
    const turnOf = (webhook: string): number => this.#turns.get(webhook) ?? 0;
    const webhooks = [...due.keys()].sort((one, other) => turnOf(one) - turnOf(other));
    const rounds = Array.from({ length: TRICKLE }, (_, nth) =>
      webhooks.flatMap((webhook) => due.get(webhook)?.[nth] ?? []),
    );
    return new Set(rounds.flat().slice(0, TRICKLE));
  }

  /** The first of what is due of each webhook. */
  #due(now: number): Map<string, W[]> {
    const webhooks = new Map<string, W[]>();
    for (const { waiting } of this.#spokes.values())
      for (const one of waiting) {
        if (this.#releaseAt(one) > now) break;
        if (one.dueAt > now) continue;
        const due = webhooks.get(one.webhook);
        if (due === undefined) webhooks.set(one.webhook, [one]);
        else if (due.length < TRICKLE) due.push(one);
      }
    return webhooks;
  }

  /** @param left how many may still be moved, and which may come back, if not all */
  #release({ waiting }: Spoke<W>, now: number, left: { records: number; returns: ReadonlySet<W> | undefined }): void {
    const held: W[] = [];
    let seen = 0;
    for (const one of waiting) {
      if (left.records <= 0 || this.#releaseAt(one) > now) break;
      seen += 1;
      if (one.dueAt <= now && left.returns?.has(one) === false) {
        held.push(one);
        continue;
      }
      left.records -= 1;
      if (left.returns?.has(one) === true) this.#turns.set(one.webhook, ++this.#turnCount);
      this.#forward(one, now);
    }
    waiting.splice(0, seen, ...held);
  }

  /**
   * Never later than the tier's delay, and no later than due: a rest that is shorter than its tier sits there until it is over. What is
   * ahead of the time goes down a tier at once, as everything that has entered since would wait behind it.
   */
  #releaseAt({ topic, enteredAt, dueAt }: W): number {
    if (this.#isAhead(enteredAt)) return 0;
    return Math.min(enteredAt + this.options.delayOf(topic), Math.max(dueAt, enteredAt));
  }

  /** It entered before the clock was set back; clocks of other machines may differ a little. */
  #isAhead(enteredAt: number): boolean {
    return enteredAt > this.options.clock.now() + CLOCKS_DIFFER_MS;
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
