import { AccessDirectory } from '@postduif/access';
import { parseConfigRecord } from '@postduif/contracts';
import { CompactedTopicReader } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import type { Logger } from 'pino';

const MOST_SILENCE_MS = 60_000;

/** Accounts and tokens from the topic `config`. */
export class AccountReader {
  readonly directory = new AccessDirectory();
  readonly #reader: CompactedTopicReader;
  #started = false;

  constructor(
    kafka: KafkaClients,
    topic: string,
    private readonly log: Logger,
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

  start(): void {
    this.#started = true;
    void this.#reader.start();
  }

  async stop(): Promise<void> {
    if (this.#started) await this.#reader.stop();
  }

  loaded(): boolean {
    return this.#reader.ready();
  }

  isAlive(): boolean {
    return !this.#started || Date.now() - this.#reader.lastProgressAt() <= MOST_SILENCE_MS;
  }

  #apply(key: string, value: Buffer | null): void {
    if (!this.directory.concerns(key)) return;
    try {
      this.directory.apply(parseConfigRecord(key, value));
    } catch {
      // What is wrong may repeat the record; its key is enough to find it.
      this.log.error(
        { key },
        'an account or key on the topic `config` cannot be read; what is known of it stays as it is',
      );
    }
  }
}
