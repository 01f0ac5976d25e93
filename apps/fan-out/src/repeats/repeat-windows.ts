import { eventIdentity } from '@postduif/contracts';
import type { Event, IdentitySegment } from '@postduif/contracts';
import type { ConsumedRecord } from '@postduif/kafka';
import { RepeatWindow } from './repeat-window.js';

/** The window of each partition that this process reads. */
export class RepeatWindows {
  readonly #windows = new Map<number, RepeatWindow>();

  /** Identities that are remembered. */
  get size(): number {
    return this.#sum(({ size }) => size);
  }

  get bytes(): number {
    return this.#sum(({ bytes }) => bytes);
  }

  /** Remembers the event of a record; true when it is a repeat. */
  isRepeat(
    event: Pick<Event, 'account' | 'source' | 'id'>,
    { partition, offset, timestamp }: Pick<ConsumedRecord, 'partition' | 'offset' | 'timestamp'>,
  ): boolean {
    let window = this.#windows.get(partition);
    if (window === undefined) this.#windows.set(partition, (window = new RepeatWindow()));
    return window.isRepeat(eventIdentity(event), offset, timestamp);
  }

  /**
   * The partition is read from now on: what `segments` tell is remembered. See `RepeatWindow.begin`.
   *
   * @returns where reading has to begin
   */
  begin(partition: number, segments: readonly IdentitySegment[], first: number, live: number): number {
    const window = new RepeatWindow();
    this.#windows.set(partition, window);
    return window.begin(segments, first, live);
  }

  /** What was remembered of the partition since the last cut. Everything below `to` has been read. */
  cut(partition: number, to: number): IdentitySegment | undefined {
    return this.#windows.get(partition)?.cut(to);
  }

  /** The partition is not read any more, or from another place: its window is built anew from what is read then. */
  forget(partition: number): void {
    this.#windows.delete(partition);
  }

  #sum(of: (window: RepeatWindow) => number): number {
    return [...this.#windows.values()].reduce((sum, window) => sum + of(window), 0);
  }
}
