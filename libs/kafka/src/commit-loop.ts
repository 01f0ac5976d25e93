import kafkajs from 'kafkajs';
import type { Clock } from './clock.js';
import type { PartitionCommit } from './group-member.js';
import type { Log } from './log.js';
import type { PartitionAssignment } from './partition-assignment.js';
import { within } from './within.js';

export interface CommitLoopOptions {
  commit(commits: readonly PartitionCommit[]): Promise<void>;
  /** Least milliseconds between the starts of two commits. */
  readonly intervalMs: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** As much of an assignment as a commit needs. */
export type Committable = Pick<
  PartitionAssignment,
  'topic' | 'partition' | 'current' | 'commit' | 'committed' | 'uncommitted'
>;

const RETRY_PAUSE_MS = 250;
/** Commits are refused between two generations. What is still ours by then goes with the next. */
const REBALANCE = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

/**
 * Commits what is done: at once after a time of rest, then as soon as the previous commit has returned and the interval is over, and
 * never while there is nothing new. What failed is committed later, unless its assignment is over by then.
 */
export class CommitLoop {
  readonly #waiting = new Set<Committable>();
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #lastStart = -Infinity;
  #failing = false;
  #stopped = false;

  constructor(private readonly options: CommitLoopOptions) {}

  /** There is something new to commit. */
  progressed(assignment: Committable): void {
    this.#waiting.add(assignment);
    if (!this.#stopped) this.#running ??= this.#run();
  }

  /** Cuts the present rest short. */
  hurry(): void {
    this.#wake?.();
  }

  /** Resolves when everything is committed, or `timeoutMs` is over. */
  async flush(timeoutMs: number): Promise<void> {
    this.hurry();
    await within(timeoutMs, this.#running);
  }

  /** Commits nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    this.hurry();
  }

  async #run(): Promise<void> {
    // Everything that is done in the same turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.size > 0 && !this.#stopped) {
      await this.#rest(this.#lastStart + this.options.intervalMs - this.options.clock.now());
      await this.#commit();
    }
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    this.#lastStart = this.options.clock.now();
    const taken = this.#take();
    if (taken.length === 0) return;
    try {
      await this.options.commit(taken.map(({ commit }) => commit));
      for (const { assignment, commit } of taken) assignment.committed = commit.offset;
      this.#failing = false;
    } catch (error) {
      this.#failed(
        error,
        taken.map(({ assignment }) => assignment),
      );
      await this.#rest(RETRY_PAUSE_MS);
    }
  }

  #take(): { assignment: Committable; commit: PartitionCommit }[] {
    const assignments = [...this.#waiting].filter(({ current }) => current);
    this.#waiting.clear();
    return assignments.flatMap((assignment) => {
      const commit = assignment.commit();
      const { topic, partition } = assignment;
      return commit === undefined ? [] : { assignment, commit: { topic, partition, ...commit } };
    });
  }

  #failed(error: unknown, assignments: readonly Committable[]): void {
    const ordinary = this.#failing || isRebalance(error);
    this.options.log[ordinary ? 'debug' : 'warn'](
      { err: error },
      'a commit failed; what is still ours is committed later',
    );
    this.#failing = true;
    for (const assignment of assignments) {
      assignment.uncommitted();
      this.#waiting.add(assignment);
    }
  }

  #rest(ms: number): Promise<void> {
    if (ms <= 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wake = wake;
    });
  }
}

function isRebalance(error: unknown): boolean {
  return error instanceof kafkajs.KafkaJSProtocolError && REBALANCE.has(error.type);
}
