import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { systemClock } from './clock.js';
import { CommitLoop } from './commit-loop.js';
import { isElsewhere } from './fetched-batch.js';
import { GroupMember } from './group-member.js';
import { Load } from './load.js';
import { PartitionAssignment } from './partition-assignment.js';
import type { Hold } from './partition-assignment.js';
import { PartitionRecord } from './partition-record.js';
import type { PartitionState, RecordConsumerOptions, WaterMark } from './record-consumer-options.js';
import { PartitionStarter } from './partition-starter.js';
import { StartPositions } from './start-positions.js';
import { partitionKey } from './topic-partition.js';
import type { TopicPartition } from './topic-partition.js';
import { within } from './within.js';

const RETRY_PAUSE_MS = 1_000;
const HEARTBEAT_MS = 500;
const CLOCK_SET_BACK_MS = 1_000;
/** What a stop waits for its last commit. */
const COMMIT_MS = 1_000;
/** What a rebalance waits for its last commit. */
const LAST_COMMIT_MS = 500;
const MIB = 1024 * 1024;
/** Records that are handed out at once. Then everything else has its turn. */
const AT_ONCE = 250;
/** While one of these holds, the batch that was just fetched was not taken to its end. */
const UNREAD: readonly Hold[] = ['locating', 'failure', 'unwanted', 'unconfirmed'];

/**
 * A member of a consumer group whose records may be acknowledged in any order and at any time. Commits the contiguous prefix of what is
 * done, with the finished offsets above it; after a restart only what was not finished, or finished since the last commit, comes again.
 * At least once: what was in flight at a crash or in a rebalance comes again, to this member or another.
 *
 * In a rebalance the member reads nothing more, says that nothing may begin, and waits, but not for long, until what is under way is done
 * and committed. Then it joins. Partitions that it keeps go on as if nothing had been. What is still in flight on those that it loses is
 * repeated by their new owner, and fenced here: `done` has no effect any more.
 */
export class RecordConsumer {
  readonly #member: GroupMember;
  readonly #starter: PartitionStarter;
  readonly #high: WaterMark;
  readonly #low: WaterMark;
  readonly #sessionTimeoutMs: number;
  readonly #total = new Load();
  readonly #assigned = Promise.withResolvers<undefined>();
  #assignments = new Map<string, PartitionAssignment>();
  #commits: CommitLoop;
  #epoch = 0;
  /** When the group last confirmed this member. */
  #confirmedAt = -Infinity;
  /** The group gives its partitions out anew. */
  #rebalancing = false;
  #stopping = false;
  #full = false;
  #whenIdle: (() => void)[] = [];

  constructor(private readonly options: RecordConsumerOptions) {
    const { kafka, groupId, topics, log, fromBeginning = true, clock = systemClock } = options;
    this.#high = options.highWater ?? { records: 2_000, bytes: 16 * MIB };
    this.#low = options.lowWater ?? half(this.#high);
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 6_000;
    this.#starter = new PartitionStarter({
      positions: new StartPositions(options),
      rewindMs: options.rewindMs,
      replayFrom: options.replayFrom?.bind(options),
      read: (assignment, offset) => {
        this.#member.seek(assignment, offset);
        this.#release(assignment, 'locating');
      },
      log,
    });
    this.#commits = this.#newCommits();
    this.#member = new GroupMember(
      {
        kafka,
        groupId,
        topics,
        fromBeginning,
        maxBytesPerPartition: options.maxBytesPerPartition ?? MIB,
        maxBytesPerFetch: options.maxBytesPerFetch ?? 10 * MIB,
        maxWaitTimeInMs: options.maxWaitTimeInMs ?? 100,
        minBytes: options.minBytes ?? 1,
        sessionTimeoutMs: this.#sessionTimeoutMs,
        heartbeatMs: HEARTBEAT_MS,
        log,
        clock,
      },
      {
        joined: (partitions, continuous) => {
          this.#joined(partitions, continuous);
        },
        rebalancing: () => {
          this.#rebalancing = true;
          return this.#drain(options.rebalanceDrainMs ?? 1_000, LAST_COMMIT_MS);
        },
        batch: (payload) => this.#batch(payload),
        fetched: (partition, next) => {
          this.#fetched(partition, next);
        },
        confirmed: (at) => {
          const wasConfirmed = this.#confirmedAt === -Infinity || this.isConfirmed();
          this.#confirmedAt = at;
          if (!this.isConfirmed()) return;
          if (!wasConfirmed) log.info({ groupId }, 'Kafka answers again');
          for (const assignment of this.#assignments.values()) this.#release(assignment, 'unconfirmed');
          options.onConfirmed?.();
        },
        left: () => {
          this.#left();
        },
      },
    );
  }

  /** Resolves at the first assignment. Never rejects; while the broker is away, or a topic is missing, it goes on trying. */
  start(): Promise<void> {
    this.#member.start();
    return this.#assigned.promise;
  }

  /**
   * Reads nothing more, waits at most `drainMs` (default 4,000) until what is under way is done, commits, and leaves the group. Takes
   * at most three seconds longer, also when the broker is away; kafkajs then still tries to connect for a while, so end the process.
   */
  async stop({ drainMs = 4_000 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopping = true;
    this.#member.pause([...this.#assignments.values()]);
    await this.#drain(drainMs, COMMIT_MS);
    await this.#member.leave();
    this.#assigned.resolve(undefined);
  }

  /** Unix milliseconds of the last sign that the loop runs. */
  lastProgressAt(): number {
    return this.#member.lastProgressAt;
  }

  /** A loop that waits for the broker is alive; one that has been silent for longer than this (at least 30,000 is wise) is not. */
  isAlive(maxSilenceMs: number): boolean {
    return (this.options.clock ?? systemClock).now() - this.lastProgressAt() <= maxSilenceMs;
  }

  /**
   * Whether this member's partitions are surely its own: the group has confirmed it, and neither gives its partitions out anew nor is about to
   * be left. What begins otherwise may be repeated by their new owner; no record is handed out.
   */
  mayBegin(): boolean {
    return !this.#stopping && !this.#rebalancing && this.isConfirmed();
  }

  /**
   * False when the group has been silent for so long that it may have given this member's partitions away: the process was frozen, or
   * the broker is away.
   */
  isConfirmed(): boolean {
    const silentMs = (this.options.clock ?? systemClock).now() - this.#confirmedAt;
    // A clock that was set back says nothing of how long ago that was.
    return silentMs > -CLOCK_SET_BACK_MS && silentMs < this.#sessionTimeoutMs;
  }

  /** Reads nothing more of a partition until `resume`; up to one fetch may still come. Forgotten when the partition is taken away. */
  pause(partition: TopicPartition): void {
    const assignment = this.#assignments.get(partitionKey(partition));
    if (assignment !== undefined) this.#hold(assignment, 'caller');
  }

  resume(partition: TopicPartition): void {
    const assignment = this.#assignments.get(partitionKey(partition));
    if (assignment === undefined) return;
    this.#release(assignment, 'unwanted');
    this.#release(assignment, 'caller');
  }

  /** The partitions of this member. Empty before `start` has resolved and after a crash. */
  lag(): PartitionState[] {
    return [...this.#assignments.values()].map((assignment) => assignment.state());
  }

  #joined(partitions: readonly TopicPartition[], continuous: boolean): void {
    this.#rebalancing = false;
    const former = this.#assignments;
    const kept = (partition: TopicPartition): PartitionAssignment | undefined =>
      continuous ? former.get(partitionKey(partition)) : undefined;
    const assignments = partitions.map(
      (partition) => kept(partition) ?? new PartitionAssignment(partition, ++this.#epoch, this.#total),
    );
    this.#assignments = new Map(assignments.map((assignment) => [partitionKey(assignment), assignment]));
    const gone = [...former.values()].filter(
      (assignment) => this.#assignments.get(partitionKey(assignment)) !== assignment,
    );
    this.#revoke(gone);
    const gained = assignments.filter((assignment) => former.get(partitionKey(assignment)) !== assignment);
    for (const assignment of gained) this.#hold(assignment, 'locating');
    if (this.#full) for (const assignment of gained) this.#hold(assignment, 'total');
    for (const assignment of assignments) {
      if (assignment.position !== undefined) this.#member.seek(assignment, assignment.position);
    }
    if (this.#stopping) this.#member.pause(assignments);
    else if (gained.length > 0) {
      this.options.onAssigned?.(gained.map(({ topic, partition }) => ({ topic, partition })));
      void this.#starter.start(gained);
    }
    this.#assigned.resolve(undefined);
    const { groupId, log } = this.options;
    log.info(
      { groupId, partitions: assignments.length, gained: gained.length, lost: gone.length },
      'partitions assigned',
    );
  }

  #revoke(gone: readonly PartitionAssignment[]): void {
    if (gone.length === 0) return;
    for (const assignment of gone) assignment.end();
    this.#member.resume(gone.filter(({ holds }) => holds.size > 0));
    this.options.onRevoked?.(gone.map(({ topic, partition }) => ({ topic, partition })));
    this.#relax();
  }

  #left(): void {
    this.#commits.stop();
    this.#commits = this.#newCommits();
    const gone = [...this.#assignments.values()];
    this.#assignments = new Map();
    this.#revoke(gone);
  }

  async #batch({ batch }: EachBatchPayload): Promise<void> {
    const assignment = this.#assignments.get(partitionKey(batch));
    if (assignment?.position === undefined || this.#stopping || assignment.holds.has('locating')) return;
    assignment.highWatermark = Number(batch.highWatermark);
    if (!this.#mayHand(assignment)) return;
    if (assignment.probing) {
      this.#probed(assignment, batch.messages[0]);
      return;
    }
    if (isElsewhere(batch, assignment.position)) {
      this.#relocate(assignment);
      return;
    }
    for (const [index, message] of batch.messages.entries()) {
      if (index > 0 && index % AT_ONCE === 0) {
        await nextTurn();
        if (!this.#goesOn(assignment)) return;
      }
      if (!this.#hand(assignment, message)) break;
    }
    this.#press(assignment);
  }

  /** Whether the rest of a batch may be handed out, too. */
  #goesOn(assignment: PartitionAssignment): boolean {
    return assignment.current && !this.#stopping && this.#mayHand(assignment);
  }

  /** When not, what was not handed out comes again. */
  #mayHand(assignment: PartitionAssignment): boolean {
    if (this.mayBegin()) return true;
    this.#hold(assignment, 'unconfirmed');
    if (assignment.position !== undefined) this.#member.seek(assignment, assignment.position);
    return false;
  }

  #press(assignment: PartitionAssignment): void {
    if (assignment.load.reaches(this.#high)) this.#hold(assignment, 'pressure');
    const { totalHighWater } = this.options;
    if (this.#full || totalHighWater === undefined || !this.#total.reaches(totalHighWater)) return;
    this.#full = true;
    for (const other of this.#assignments.values()) this.#hold(other, 'total');
  }

  /** Less is in flight than before. */
  #relax(): void {
    if (this.#whenIdle.length > 0 && this.#total.records === 0) for (const idle of this.#whenIdle.splice(0)) idle();
    const { totalHighWater, totalLowWater = totalHighWater && half(totalHighWater) } = this.options;
    if (!this.#full || totalLowWater === undefined || !this.#total.isWithin(totalLowWater)) return;
    this.#full = false;
    for (const assignment of this.#assignments.values()) this.#release(assignment, 'total');
  }

  #probed(assignment: PartitionAssignment, message: KafkaMessage | undefined): void {
    if (message === undefined) return;
    assignment.probing = false;
    this.#hold(assignment, 'locating');
    void this.#starter.rewind(assignment, Number(message.timestamp));
  }

  /** The log was cut on either side while it was read: records were deleted, or the topic was made anew. */
  #relocate(assignment: PartitionAssignment): void {
    this.options.log.error(
      assignment.state(),
      'the partition does not go on at the position; looking for where it does',
    );
    this.#assignments.delete(partitionKey(assignment));
    const successor = new PartitionAssignment(assignment, ++this.#epoch, this.#total);
    this.#assignments.set(partitionKey(successor), successor);
    this.#revoke([assignment]);
    this.#hold(successor, 'locating');
    if (this.#full) this.#hold(successor, 'total');
    this.options.onAssigned?.([{ topic: successor.topic, partition: successor.partition }]);
    void this.#starter.start([successor]);
  }

  /** False when the record was not taken: it and the rest of the batch come again. */
  #hand(assignment: PartitionAssignment, message: KafkaMessage): boolean {
    const offset = Number(message.offset);
    if (offset < (assignment.position ?? 0)) return true;
    const old = assignment.isOld(offset);
    if (!old || this.options.rewindMs !== undefined) {
      const record = new PartitionRecord(assignment, offset, message, old ? undefined : this.#onDone);
      if (this.options.isWanted?.(record) === false) {
        this.#hold(assignment, 'unwanted');
        this.#member.seek(assignment, assignment.position ?? offset);
        return false;
      }
      if (!old) assignment.track(offset, record.bytes);
      try {
        this.options.onRecord(record);
      } catch (error) {
        this.#handlerFailed(assignment, offset, error);
        return false;
      }
    }
    if (old && assignment.pass(offset)) this.#commits.progressed(assignment);
    assignment.position = offset + 1;
    return true;
  }

  #handlerFailed(assignment: PartitionAssignment, offset: number, error: unknown): void {
    const { topic, partition } = assignment;
    this.options.log.error({ err: error, topic, partition, offset }, 'the handler threw; it gets the record again');
    this.#hold(assignment, 'failure');
    setTimeout(() => {
      if (!assignment.current) return;
      this.#member.seek(assignment, assignment.position ?? offset);
      this.#release(assignment, 'failure');
    }, RETRY_PAUSE_MS).unref();
  }

  #fetched(partition: TopicPartition, next: number): void {
    const assignment = this.#assignments.get(partitionKey(partition));
    if (assignment === undefined || this.#stopping || assignment.probing) return;
    if (isUnread(assignment)) return;
    const from = this.options.rewindMs === undefined ? assignment.undoneFrom(next) : next;
    if (from > next) this.#member.seek(assignment, from);
    if (assignment.advance(from)) this.#commits.progressed(assignment);
  }

  /** One function for all records, so that a record costs no closure. */
  readonly #onDone = (assignment: PartitionAssignment, offset: number, bytes: number): void => {
    if (!assignment.done(offset, bytes)) return;
    this.#commits.progressed(assignment);
    if (assignment.holds.has('pressure') && assignment.load.isWithin(this.#low)) this.#release(assignment, 'pressure');
    this.#relax();
  };

  #hold(assignment: PartitionAssignment, hold: Hold): void {
    if (assignment.holds.size === 0) this.#member.pause([assignment]);
    assignment.holds.add(hold);
  }

  #release(assignment: PartitionAssignment, hold: Hold): void {
    if (assignment.holds.delete(hold) && assignment.holds.size === 0 && !this.#stopping)
      this.#member.resume([assignment]);
  }

  #newCommits(): CommitLoop {
    const { commitIntervalMs = 20, log, clock = systemClock } = this.options;
    return new CommitLoop({
      commit: (commits) => this.#member.commit(commits),
      intervalMs: commitIntervalMs,
      log,
      clock,
    });
  }

  async #drain(drainMs: number, commitMs: number): Promise<void> {
    await within(drainMs, this.options.settled?.() ?? this.#idle());
    await this.#commits.flush(commitMs);
  }

  #idle(): Promise<void> {
    if (this.#total.records === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
    });
  }
}

function isUnread({ holds }: PartitionAssignment): boolean {
  return UNREAD.some((hold) => holds.has(hold));
}

function half({ records, bytes }: WaterMark): WaterMark {
  return { records: records / 2, bytes: bytes / 2 };
}
