import { parseConfigRecord } from '@postduif/contracts';
import type { ConfigChange } from '@postduif/contracts';
import { CompactedTopicReader } from '@postduif/kafka';
import type { KafkaClients } from '@postduif/kafka';
import type { Log } from '../log.js';

export interface ConfigChangesOptions {
  readonly kafka: Pick<KafkaClients, 'consumer' | 'admin' | 'memberName'>;
  /** The topic `config`. */
  readonly topic: string;
  readonly log: Log;
}

/** Tells inboxes of every change on the topic `config`, whichever instance has made it. At least once, in the topic's order. */
export class ConfigChanges {
  readonly #inboxes = new Set<Inbox>();
  readonly #reader: CompactedTopicReader;

  constructor({ kafka, topic, log }: ConfigChangesOptions) {
    this.#reader = new CompactedTopicReader({
      kafka,
      topic,
      onEntry: (key, value) => {
        if (this.#inboxes.size === 0) return;
        const change = parseConfigRecord(key, value);
        for (const inbox of this.#inboxes) inbox.put(change);
      },
      log,
    });
  }

  start(): void {
    void this.#reader.start();
  }

  isAlive(maxSilenceMs: number): boolean {
    return this.#reader.isAlive(maxSilenceMs);
  }

  stop(): Promise<void> {
    return this.#reader.stop();
  }

  /** From now on the inbox gets the changes that `wants` lets in, until it is closed. */
  open(wants: (change: ConfigChange) => boolean): Inbox {
    const inbox = new Inbox(wants, () => this.#inboxes.delete(inbox));
    this.#inboxes.add(inbox);
    return inbox;
  }
}

/** Changes that somebody has yet to see: of each key only the last, so that a slow reader costs no more than the present state. */
export class Inbox {
  readonly #waiting = new Map<string, ConfigChange>();
  #wake: (() => void) | undefined;

  constructor(
    private readonly wants: (change: ConfigChange) => boolean,
    readonly close: () => void,
  ) {}

  put(change: ConfigChange): void {
    if (!this.wants(change)) return;
    this.#waiting.set(change.key, change);
    this.#wake?.();
  }

  /** Takes out all that waits, as soon as there is anything. Nothing when `signal` is given first. */
  async take(signal: AbortSignal): Promise<readonly ConfigChange[]> {
    if (this.#waiting.size === 0 && !signal.aborted) await this.#news(signal);
    const changes = [...this.#waiting.values()];
    this.#waiting.clear();
    return changes;
  }

  async #news(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      resolve(undefined);
    };
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
    this.#wake = undefined;
  }
}
