import { RecordConsumer } from '@postduif/kafka';
import type { KafkaClients, Log, PartitionState } from '@postduif/kafka';
import { REPEAT_WINDOW_MS } from '../repeats/repeat-window.js';
import { ReplayLog } from '../repeats/replay-log.js';
import type { EventDispatcher } from './event-dispatcher.js';

/** What is read of one partition and not durable as deliveries yet; bounds the memory while Kafka takes no records. */
const HIGH_WATER = { records: 1_000, bytes: 4 * 1024 * 1024 };
const MOST_SILENCE_MS = 60_000;

export interface EventReaderOptions {
  readonly kafka: KafkaClients;
  readonly groupId: string;
  /** `events`, by its full name. */
  readonly topic: string;
  readonly dispatcher: Pick<EventDispatcher, 'take' | 'forget'>;
  /** A partition is read from now on. See `RepeatWindow.begin`. */
  readonly begin: (partition: number, first: number, live: number) => number;
  readonly log: Log;
}

/** Reads the topic `events`, and first those of its last ten minutes again that nothing else is known of, as repeats are looked for in them. */
export class EventReader {
  readonly #consumer: RecordConsumer;
  readonly #replay: ReplayLog;
  #started = false;
  #assigned = false;

  constructor({ kafka, groupId, topic, dispatcher, begin, log }: EventReaderOptions) {
    this.#replay = new ReplayLog(() => this.partitions(), log);
    this.#consumer = new RecordConsumer({
      kafka,
      groupId,
      topics: [topic],
      rewindMs: REPEAT_WINDOW_MS,
      replayFrom: ({ partition }, first, live) => begin(partition, first, live),
      highWater: HIGH_WATER,
      onRecord: (record) => {
        if (record.replayed) this.#replay.count();
        dispatcher.take(record);
      },
      onAssigned: () => {
        this.#replay.begin();
      },
      onRevoked: (partitions) => {
        dispatcher.forget(partitions);
      },
      log,
    });
  }

  /** Resolves when the group has given out its partitions. */
  async start(): Promise<void> {
    this.#started = true;
    await this.#consumer.start();
    this.#assigned = true;
  }

  /** Finishes what was read, within `drainMs`; the rest comes again. Takes at most three seconds longer. */
  async stop(drainMs: number): Promise<void> {
    this.#replay.stop();
    if (this.#started) await this.#consumer.stop({ drainMs });
  }

  /** True, or what is missing. */
  ready(): true | string {
    if (!this.#assigned) return 'has not joined the readers of the topic `events` yet';
    if (!this.#consumer.isConfirmed()) return 'Kafka does not answer';
    return this.#replay.isOver() || 'reads the last events again, to know repeats, and no new ones yet';
  }

  isAlive(): boolean {
    return !this.#started || this.#consumer.isAlive(MOST_SILENCE_MS);
  }

  /** Those that this process has been given. */
  partitions(): readonly PartitionState[] {
    return this.#consumer.lag();
  }

  /** Records that are not acknowledged yet. */
  lag(): number {
    return this.partitions().reduce((sum, { lag }) => sum + (lag ?? 0), 0);
  }
}
