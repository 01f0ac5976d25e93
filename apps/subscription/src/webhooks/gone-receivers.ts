import { attemptSchema } from '@postduif/contracts';
import { RecordConsumer } from '@postduif/kafka';
import type { ConsumedRecord, KafkaClients } from '@postduif/kafka';
import { keepTrying } from '../keep-trying.js';
import type { Log } from '../log.js';
import type { Webhooks } from './webhooks.js';

const REASON = 'receiver_gone';
const WORTH_FETCHING_BYTES = 256 * 1024;
const MARK = Buffer.from(`"${REASON}"`);

export interface GoneReceiversOptions {
  readonly kafka: KafkaClients;
  readonly groupId: string;
  /** The topic `attempts`. */
  readonly topic: string;
  readonly webhooks: Pick<Webhooks, 'disableGone'>;
  readonly log: Log;
}

/** Disables webhooks whose receivers answered 410 Gone, as told by the topic `attempts`. */
export class GoneReceivers {
  readonly #consumer: RecordConsumer;
  readonly #stopped = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #started = false;

  constructor(private readonly options: GoneReceiversOptions) {
    const { kafka, groupId, topic, log } = options;
    this.#consumer = new RecordConsumer({
      kafka,
      groupId,
      topics: [topic],
      // Nobody notices a moment, and there is an attempt for every delivery.
      minBytes: WORTH_FETCHING_BYTES,
      onRecord: (record) => {
        this.#take(record);
      },
      log,
    });
  }

  start(): void {
    this.#started = true;
    void this.#consumer.start();
  }

  isAlive(maxSilenceMs: number): boolean {
    return !this.#started || this.#consumer.isAlive(maxSilenceMs);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#last;
    if (this.#started) await this.#consumer.stop({ drainMs: 0 });
  }

  #take(record: ConsumedRecord): void {
    const gone = this.#goneIn(record);
    if (gone === undefined) {
      record.done();
      return;
    }
    const { webhooks, log } = this.options;
    const { signal } = this.#stopped;
    this.#last = this.#last.then(async () => {
      const disable = () => webhooks.disableGone(gone.webhook, gone.at);
      if (await keepTrying(disable, { failure: 'a webhook could not be disabled', log, signal })) record.done();
    });
  }

  #goneIn({ value, topic, partition, offset }: ConsumedRecord): { webhook: string; at: string } | undefined {
    if (value?.includes(MARK) !== true) return undefined;
    try {
      const attempt = attemptSchema.parse(JSON.parse(value.toString('utf8')));
      return attempt.reason === REASON ? attempt : undefined;
    } catch {
      // What is wrong may repeat the record; its place is enough to find it.
      this.options.log.error({ topic, partition, offset }, 'an attempt cannot be read; it is skipped');
      return undefined;
    }
  }
}
