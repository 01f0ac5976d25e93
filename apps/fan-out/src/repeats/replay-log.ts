import type { Log, PartitionState } from '@postduif/kafka';

const INTERVAL_MS = 1_000;

/** Says in the log when it takes more than a second to read the last ten minutes again: no new event of a partition is fanned out before. */
export class ReplayLog {
  #timer: NodeJS.Timeout | undefined;
  #records = 0;

  constructor(
    private readonly partitions: () => readonly Pick<PartitionState, 'position' | 'watermark'>[],
    private readonly log: Pick<Log, 'info'>,
  ) {}

  /** Partitions were given to this process. */
  begin(): void {
    if (this.#timer !== undefined) return;
    const since = performance.now();
    let said = false;
    this.#records = 0;
    this.#timer = setInterval(() => {
      const places = this.partitions();
      const left = places.reduce((sum, { position = 0, watermark = 0 }) => sum + Math.max(0, watermark - position), 0);
      if (left > 0 && this.#records > 0 && !said) {
        said = true;
        this.log.info({ left }, 'reading the last ten minutes again, to know repeats; new events wait until then');
      }
      if (!this.isOver()) return;
      this.stop();
      const seconds = Math.round((performance.now() - since) / 1_000);
      if (said) this.log.info({ records: this.#records, seconds }, 'read the last ten minutes again, to know repeats');
    }, INTERVAL_MS).unref();
  }

  /** A record was read again. */
  count(): void {
    this.#records += 1;
  }

  /** Is nothing read again any more? A position that is still looked up is undefined. */
  isOver(): boolean {
    return this.partitions().every(({ position, watermark = 0 }) => position !== undefined && position >= watermark);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
