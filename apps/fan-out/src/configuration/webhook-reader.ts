import { configKey, parseConfigRecord } from '@postduif/contracts';
import { CompactedTopicReader } from '@postduif/kafka';
import type { KafkaClients, Log } from '@postduif/kafka';
import { WebhookIndex } from '@postduif/matching';

const WEBHOOKS = configKey('webhook', '');
const MOST_SILENCE_MS = 60_000;

/** The webhooks of the topic `config`, in memory. */
export class WebhookReader {
  readonly index = new WebhookIndex();
  readonly #reader: CompactedTopicReader;
  #started = false;

  constructor(
    kafka: KafkaClients,
    topic: string,
    private readonly log: Log,
  ) {
    this.#reader = new CompactedTopicReader({
      kafka,
      topic,
      onEntry: (key, value) => {
        this.#apply(key, value);
      },
      log,
    });
  }

  /** Resolves when everything has been read that was there at the start. */
  async start(): Promise<void> {
    this.#started = true;
    await this.#reader.start();
  }

  async stop(): Promise<void> {
    if (this.#started) await this.#reader.stop();
  }

  loaded(): boolean {
    return this.#reader.ready();
  }

  isAlive(): boolean {
    return !this.#started || this.#reader.isAlive(MOST_SILENCE_MS);
  }

  #apply(key: string, value: Buffer | null): void {
    if (!key.startsWith(WEBHOOKS)) return;
    try {
      this.index.apply(parseConfigRecord(key, value));
    } catch {
      // What is wrong may repeat the record; its key is enough to find it.
      this.log.error({ key }, 'a webhook on the topic `config` cannot be read; what is known of it stays as it is');
    }
  }
}
