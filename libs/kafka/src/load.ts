import type { WaterMark } from './record-consumer-options.js';

/** What is read and not acknowledged. Counts for the whole that it is part of, too. */
export class Load {
  #records = 0;
  #bytes = 0;

  constructor(private readonly whole?: Load) {}

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number, records = 1): void {
    this.#records += records;
    this.#bytes += bytes;
    this.whole?.add(bytes, records);
  }

  remove(bytes: number, records = 1): void {
    this.add(-bytes, -records);
  }

  clear(): void {
    this.remove(this.#bytes, this.#records);
  }

  reaches({ records, bytes }: WaterMark): boolean {
    return this.#records >= records || this.#bytes >= bytes;
  }

  isWithin({ records, bytes }: WaterMark): boolean {
    return this.#records <= records && this.#bytes <= bytes;
  }
}
