/** What became of the events of a load, by their number less `first`. Moments are on the shared clock. */
export interface Sent {
  readonly first: number;
  /** When each was to be sent. */
  readonly intended: Float64Array;
  /** When its first request was written. */
  readonly begun: Float64Array;
  /** When it was accepted. */
  readonly accepted: Float64Array;
  /** Requests that had to be made again: no answer, or 429 or 5xx. */
  readonly repeated: number;
}

export function sentNothing(first: number, count: number): Sent & { repeated: number } {
  const moments = (): Float64Array => new Float64Array(count).fill(NaN);
  return { first, intended: moments(), begun: moments(), accepted: moments(), repeated: 0 };
}
