import { setTimeout as pause } from 'node:timers/promises';
import { parseConfigRecord } from '@postduif/contracts';
import { CompactedTopicReader, withAdmin } from '@postduif/kafka';
import type { KafkaClients, Log } from '@postduif/kafka';
import type { Webhooks } from '../engine/ports.js';
import type { WebhookDirectory } from './webhook-directory.js';

const POLL_MS = 20;
const RETRY_PAUSE_MS = 1_000;

/** Follows the topic `config` and keeps the directory as it is there. */
export class Configuration implements Webhooks {
  readonly reader: CompactedTopicReader;
  #current: Promise<void> | undefined;

  constructor(
    private readonly kafka: KafkaClients,
    private readonly topic: string,
    private readonly directory: WebhookDirectory,
    private readonly log: Log,
    changed: () => void,
  ) {
    this.reader = new CompactedTopicReader({
      kafka,
      topic,
      log,
      onEntry: (key, value) => {
        const change = parseConfigRecord(key, value);
        directory.apply(change);
        if (change.snapshot?.kind !== 'heartbeat') changed();
      },
    });
  }

  find(id: string): ReturnType<WebhookDirectory['find']> {
    return this.directory.find(id);
  }

  /** Calls that come while the end is being asked for wait for the next answer: theirs must be newer than the call. */
  async current(): Promise<void> {
    await this.#current;
    this.#current ??= this.#catchUp().finally(() => {
      this.#current = undefined;
    });
    await this.#current;
  }

  async #catchUp(): Promise<void> {
    let end: number | undefined;
    while ((end ??= await this.#end()) === undefined) await pause(RETRY_PAUSE_MS, undefined, { ref: false });
    while (this.reader.position() < end) await pause(POLL_MS);
  }

  async #end(): Promise<number | undefined> {
    try {
      const [partition] = await withAdmin(this.kafka, (admin) => admin.fetchTopicOffsets(this.topic));
      return Number(partition?.high ?? 0);
    } catch (error) {
      this.log.warn({ err: error }, 'the end of the configuration is not known; deliveries that need it wait');
      return undefined;
    }
  }
}
