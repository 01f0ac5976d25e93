import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { KafkaClients } from './client.js';
import type { Clock } from './clock.js';
import { watchJoining } from './joining.js';
import type { Log } from './log.js';
import type { OffsetCommit } from './watermark.js';
import type { TopicPartition } from './topic-partition.js';
import { within } from './within.js';

export interface GroupMemberOptions {
  readonly kafka: Pick<KafkaClients, 'consumer' | 'memberName'>;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly fromBeginning: boolean;
  readonly maxBytesPerPartition: number;
  readonly maxBytesPerFetch: number;
  readonly maxWaitTimeInMs: number;
  readonly minBytes: number;
  readonly sessionTimeoutMs: number;
  /** A member hears that the group meets in the answer to a heartbeat; partitions of who has left wait for that. */
  readonly heartbeatMs: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** What happens to a member. Called within kafkajs' loop: what is not a promise returns at once. */
export interface GroupMemberEvents {
  /**
   * A generation begins; nothing is fetched before it returns. `continuous`: this member took part in the generation before, so what
   * it keeps nobody else had meanwhile.
   */
  joined(partitions: readonly TopicPartition[], continuous: boolean): void;
  /**
   * The generation ends. Nothing is fetched any more; commits are still taken. The member joins the next one when this resolves, which
   * must be well within the session timeout.
   */
  rebalancing(): Promise<void>;
  /** Nothing more is fetched of this partition's broker before this resolves. */
  batch(payload: EachBatchPayload): Promise<void>;
  /** Everything below `next` was fetched. */
  fetched(partition: TopicPartition, next: number): void;
  /** The group has said that this member belonged to it at a moment (Unix milliseconds) or later. */
  confirmed(at: number): void;
  /** The member is out of the group. It comes back with `joined`, unless it was told to leave. */
  left(): void;
}

export type PartitionCommit = TopicPartition & OffsetCommit;

const GIVEN_UP =
  'the group had given this member up: the process was frozen, Kafka could not be reached, or another process has the same INSTANCE_ID';
const REBUILD_PAUSE_MS = 1_000;
const LEAVE_MS = 1_000;
const CLOCK_SET_BACK_MS = 1_000;
/** How long the group waits for members that have not heard yet that it meets: they may be waiting for an answer. */
const REBALANCE_MS = 15_000;

/**
 * A member of a consumer group that stays one: a kafkajs consumer is dead after an error that it does not retry, and is then built
 * anew. Fetching is up to kafkajs; positions and commits are up to the user.
 */
export class GroupMember {
  #current: Consumer | undefined;
  /** The same from its first join on: only then kafkajs takes `pause`, `resume` and `seek`. */
  #steerable: Consumer | undefined;
  #commit: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  #memberId: string | undefined;
  /** Settled when the member has let go of the generation that ends. */
  #letGo: Promise<void> | undefined;
  #lastSign: number;
  #fetchedAt = 0;
  /** For how long fetches have gone on since the group last answered, in milliseconds. */
  #unheardMs = 0;
  /** Ends the present consumer as an error of its own would. */
  #crash: ((error: unknown) => void) | undefined;
  #leaving = false;
  #running: Promise<void> | undefined;
  readonly #leave = Promise.withResolvers<undefined>();

  constructor(
    private readonly options: GroupMemberOptions,
    private readonly events: GroupMemberEvents,
  ) {
    this.#lastSign = options.clock.now();
  }

  /** Unix milliseconds of the last sign of life: a fetch, a batch, a heartbeat, an attempt to connect. */
  get lastProgressAt(): number {
    return this.#lastSign;
  }

  start(): void {
    this.#sign();
    if (!this.#leaving) this.#running ??= this.#run();
  }

  /** Leaves the group and disconnects, within 1.5 seconds even when the broker is away. */
  async leave(): Promise<void> {
    this.#leaving = true;
    this.#leave.resolve(undefined);
    await this.#running;
  }

  pause(partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0)
      this.#steer((consumer) => {
        consumer.pause(topicsOf(partitions));
      });
  }

  resume(partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0)
      this.#steer((consumer) => {
        consumer.resume(topicsOf(partitions));
      });
  }

  seek({ topic, partition }: TopicPartition, offset: number): void {
    this.#steer((consumer) => {
      consumer.seek({ topic, partition, offset: String(offset) });
    });
  }

  /**
   * Commits under the generation of this moment, once: a commit that kafkajs repeats by itself would go out under the next generation,
   * for partitions that are no longer ours.
   */
  async commit(commits: readonly PartitionCommit[]): Promise<void> {
    if (this.#commit === undefined) throw new Error('no record was fetched yet');
    const topics = commits.map(({ topic, partition, offset, metadata }) => ({
      topic,
      partitions: [{ partition, offset: String(offset), metadata }],
    }));
    await this.#commit({ topics });
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#live(this.#build());
      if (this.#leaving) return;
      await Promise.race([pause(REBUILD_PAUSE_MS), this.#leave.promise]);
    }
  }

  /** One kafkajs consumer, from its start to its end. */
  async #live(consumer: Consumer): Promise<void> {
    const { groupId, log } = this.options;
    const crashed = new Promise<unknown>((resolve) => {
      this.#crash = resolve;
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        resolve(payload.error);
      });
    });
    this.#current = consumer;
    try {
      const error = await Promise.race([this.#start(consumer).then(() => crashed), this.#leave.promise]);
      if (!this.#leaving)
        log.warn(
          { err: error, groupId },
          'the consumer crashed and is built anew; what was not acknowledged comes again',
        );
    } catch (error) {
      log.warn({ err: error, groupId }, 'the consumer could not start and tries again');
    }
    this.#current = this.#steerable = this.#commit = this.#memberId = this.#letGo = this.#crash = undefined;
    this.events.left();
    await this.#disconnect(consumer);
  }

  async #disconnect(consumer: Consumer): Promise<void> {
    const disconnected = consumer.disconnect().catch((error: unknown) => {
      this.options.log.debug({ err: error, groupId: this.options.groupId }, 'the consumer could not disconnect');
    });
    await within(LEAVE_MS, disconnected);
  }

  async #start(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.options.topics], fromBeginning: this.options.fromBeginning });
    if (this.#leaving) return;
    await consumer.run({
      autoCommit: false,
      eachBatch: (payload) => {
        if (consumer !== this.#current) return Promise.resolve();
        this.#commit = (offsets) => payload.commitOffsetsIfNecessary(offsets);
        return this.events.batch(payload);
      },
    });
  }

  #build(): Consumer {
    const { kafka, groupId, sessionTimeoutMs, heartbeatMs, log } = this.options;
    const { maxBytesPerPartition, maxBytesPerFetch, maxWaitTimeInMs, minBytes } = this.options;
    const joining = watchJoining({ before: () => this.#letGo ?? Promise.resolve(), memberName: kafka.memberName, log });
    const sign = (): void => {
      this.#sign();
    };
    const consumer = kafka.consumer(
      {
        groupId,
        maxBytesPerPartition,
        maxBytes: maxBytesPerFetch,
        maxWaitTimeInMs,
        minBytes,
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: Math.max(sessionTimeoutMs, REBALANCE_MS),
        heartbeatInterval: heartbeatMs,
        partitionAssigners: [joining.assigner],
      },
      sign,
    );
    const { events } = consumer;
    for (const event of [events.FETCH_START, events.FETCH, events.REQUEST_TIMEOUT]) consumer.on(event, sign);
    consumer.on(events.FETCH, () => {
      if (consumer === this.#current) this.#missHeartbeats();
    });
    consumer.on(events.HEARTBEAT, () => {
      sign();
      if (consumer !== this.#current) return;
      if (this.#letGo !== undefined) {
        // kafkajs goes on fetching with the partitions that it had when an answer is lost while it joins.
        this.#crash?.(new Error('the group takes this member for one that has joined, and it has not'));
        return;
      }
      this.#unheardMs = 0;
      // A heartbeat is sent after a fetch. Its answer may have come long before it is read, when the process was frozen meanwhile.
      this.events.confirmed(this.#fetchedAt);
    });
    consumer.on(events.REBALANCING, () => {
      if (consumer === this.#current) this.#letGo = this.events.rebalancing();
    });
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      if (consumer === this.#current) this.events.fetched(payload, Number(payload.lastOffset) + 1);
    });
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      const continuous = payload.memberId === this.#memberId && joining.attempts() === 1;
      joining.reset();
      sign();
      if (consumer !== this.#current) return;
      if (this.#memberId !== undefined && this.#memberId !== payload.memberId) log.warn({ groupId }, GIVEN_UP);
      this.#letGo = undefined;
      this.#unheardMs = 0;
      this.#memberId = payload.memberId;
      this.#steerable = consumer;
      this.events.joined(partitionsOf(payload.memberAssignment), continuous);
      this.events.confirmed(this.#lastSign);
    });
    return consumer;
  }

  /** kafkajs throws between the end of its consumer and telling of it. Then there is nothing to steer. */
  #steer(task: (consumer: Consumer) => void): void {
    if (this.#steerable === undefined) return;
    try {
      task(this.#steerable);
    } catch (error) {
      this.options.log.debug({ err: error, groupId: this.options.groupId }, 'the consumer has just ended');
    }
  }

  /**
   * kafkajs sends none to a group that has lost it, when an error kept it from joining again: it goes on fetching, for ever. A pause between
   * two fetches counts little, as the process may have been frozen.
   */
  #missHeartbeats(): void {
    const { clock, heartbeatMs, sessionTimeoutMs } = this.options;
    const now = clock.now();
    this.#unheardMs += Math.min(Math.max(0, now - this.#fetchedAt), heartbeatMs);
    this.#fetchedAt = now;
    if (this.#unheardMs <= sessionTimeoutMs) return;
    this.#unheardMs = 0;
    this.#crash?.(new Error('records were fetched, but the group did not answer for as long as a session'));
  }

  /** When the clock is set back, kafkajs sends no heartbeat until it is again as late as at the last one. */
  #sign(): void {
    const now = this.options.clock.now();
    if (now < this.#lastSign - CLOCK_SET_BACK_MS) this.#crash?.(new Error('the clock was set back'));
    this.#lastSign = now;
  }
}

function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): TopicPartition[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

function topicsOf(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
}
