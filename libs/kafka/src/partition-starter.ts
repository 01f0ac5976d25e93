import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from './log.js';
import type { PartitionAssignment } from './partition-assignment.js';
import type { RecordConsumerOptions } from './record-consumer-options.js';
import type { StartPositions } from './start-positions.js';
import { partitionKey } from './topic-partition.js';

export interface PartitionStarterOptions {
  readonly positions: Pick<StartPositions, 'locate' | 'offsetAt'>;
  readonly rewindMs: number | undefined;
  readonly replayFrom: RecordConsumerOptions['replayFrom'];
  /** Fetches the partition from there on. */
  read(assignment: PartitionAssignment, offset: number): void;
  readonly log: Log;
}

const RETRY_PAUSE_MS = 1_000;

/** Brings new assignments to where they are to be read, for as long as it takes and they last. */
export class PartitionStarter {
  #failing = false;

  constructor(private readonly options: PartitionStarterOptions) {}

  /** With a rewind, what is read first is one fetch from just below the start: it tells the time there. */
  async start(assignments: readonly PartitionAssignment[]): Promise<void> {
    const { positions, rewindMs } = this.options;
    const wanted = assignments.filter(({ current }) => current);
    if (wanted.length === 0) return;
    try {
      const starts = await positions.locate(wanted);
      this.#failing = false;
      for (const [index, assignment] of wanted.entries()) {
        const start = starts[index];
        if (start === undefined) throw new Error('there are fewer start offsets than partitions');
        assignment.begin(start);
        assignment.probing = rewindMs !== undefined && start.offset > start.low;
        if (assignment.probing) this.#read(assignment, start.offset - 1);
        else this.#replay(assignment, start.offset);
      }
    } catch (error) {
      await this.#again(error, wanted, () => this.start(wanted));
    }
  }

  /** The time just below the start is known: goes back by `rewindMs` from there. */
  async rewind(assignment: PartitionAssignment, time: number): Promise<void> {
    try {
      const offset = await this.options.positions.offsetAt(assignment, time - (this.options.rewindMs ?? 0));
      this.#replay(assignment, Math.min(offset, assignment.liveFrom));
    } catch (error) {
      await this.#again(error, [assignment], () => this.rewind(assignment, time));
    }
  }

  /** From `first` on, or from where the caller knows no more. */
  #replay(assignment: PartitionAssignment, first: number): void {
    if (!assignment.current) return;
    this.#read(assignment, this.options.replayFrom?.(assignment, first, assignment.liveFrom) ?? first);
  }

  #read(assignment: PartitionAssignment, offset: number): void {
    if (!assignment.current) return;
    assignment.position = offset;
    this.options.read(assignment, offset);
  }

  /** Says so once: it may take as long as the broker is away. */
  async #again(error: unknown, assignments: readonly PartitionAssignment[], task: () => Promise<void>): Promise<void> {
    const partitions = assignments.map(partitionKey);
    const { log } = this.options;
    log[this.#failing ? 'debug' : 'warn']({ err: error, partitions }, 'no position to read from yet; trying again');
    this.#failing = true;
    await pause(RETRY_PAUSE_MS, undefined, { ref: false });
    if (assignments.some(({ current }) => current)) await task();
  }
}
