import { now } from '../measuring/clock.js';
import type { HttpMessage } from '../processes/http-message-reader.js';
import { ArrivalLog } from './arrivals.js';
import type { Arrivals } from './arrivals.js';
import { Receiver } from './receiver.js';
import type { Behaviour } from './receiver.js';

/** A request that was kept whole, to verify its signature afterwards. */
export interface Sample {
  readonly receiver: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly head: string;
  readonly body: Uint8Array;
}

const SAMPLE_EVERY = 1_000;

/** All receivers of a scenario, in one process. */
export class Receivers {
  readonly #receivers: Receiver[] = [];
  readonly #log = new ArrivalLog();
  readonly #samples: Sample[] = [];
  #taken = 0;

  /** Starts so many receivers more; resolves to their ports. */
  async open(count: number): Promise<number[]> {
    const first = this.#receivers.length;
    const added = Array.from({ length: count }, (_, index) => this.#receiver(first + index));
    this.#receivers.push(...added);
    return Promise.all(added.map((receiver) => receiver.open()));
  }

  behave({ receiver, behaviour }: { readonly receiver: number; readonly behaviour: Behaviour }): void {
    this.#one(receiver).behaviour = behaviour;
  }

  close(receiver: number): Promise<void> {
    return this.#one(receiver).close();
  }

  async reopen(receiver: number): Promise<void> {
    await this.#one(receiver).open();
  }

  /** Requests so far. */
  count(): number {
    return this.#log.length;
  }

  since(from: number): Arrivals {
    return this.#log.since(from);
  }

  /** The first request of every thousand that were taken. */
  samples(): readonly Sample[] {
    return this.#samples;
  }

  #receiver(number: number): Receiver {
    return new Receiver((event, taken, request) => {
      this.#log.add(number, event, now(), taken);
      if (taken && this.#taken++ % SAMPLE_EVERY === 0) this.#samples.push(sampleOf(number, request));
    });
  }

  #one(number: number): Receiver {
    const receiver = this.#receivers[number];
    if (receiver === undefined) throw new Error(`there is no receiver ${number}`);
    return receiver;
  }
}

function sampleOf(receiver: number, { head, body }: HttpMessage): Sample {
  // A copy: the body is part of a larger chunk, which would be kept with it.
  return { receiver, at: Date.now(), head, body: Uint8Array.from(body) };
}
