import { withAdmin } from '@postduif/kafka';
import type { KafkaClients, Log, PartitionState } from '@postduif/kafka';

export interface WheelDepthOptions {
  readonly kafka: Pick<KafkaClients, 'admin'>;
  /** The topics of the wheel. */
  readonly topics: readonly string[];
  readonly partitions: () => readonly PartitionState[];
  readonly log: Log;
}

const INTERVAL_MS = 10_000;

/**
 * How much waits on the wheel. A partition that waits is not read, so its end has to be asked for, which is done every ten seconds.
 */
export class WheelDepth {
  readonly #ends = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: WheelDepthOptions) {}

  start(): void {
    this.#timer = setInterval(() => void this.#ask(), INTERVAL_MS).unref();
    void this.#ask();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Records of a topic that are not done, in the partitions of this process. */
  of(topic: string): number {
    let depth = 0;
    for (const state of this.options.partitions()) {
      if (state.topic !== topic || state.watermark === undefined) continue;
      const end = Math.max(this.#ends.get(`${topic}/${state.partition}`) ?? 0, state.highWatermark ?? 0);
      depth += Math.max(0, end - state.watermark);
    }
    return depth;
  }

  async #ask(): Promise<void> {
    const { kafka, topics, log } = this.options;
    try {
      await withAdmin(kafka, async (admin) => {
        for (const topic of topics)
          for (const { partition, high } of await admin.fetchTopicOffsets(topic))
            this.#ends.set(`${topic}/${partition}`, Number(high));
      });
    } catch (error) {
      log.debug({ err: error }, 'the depth of the wheel is not known at present');
    }
  }
}
