/** How a DNS record compares with the one expected: what both signing keys and validated domains show. */
export interface RecordCheckView {
  /** When it was looked up, ISO 8601 in UTC. */
  readonly checkedAt: string;
  readonly expected: string;
  /** The TXT records that stand at the name. */
  readonly actual: readonly string[];
  /** `different`: there are records, and not the right one. */
  readonly state: RecordState;
  /** Why nobody could tell, when the name servers did not answer; null when they did. */
  readonly error: string | null;
}

export type RecordState = 'valid' | 'missing' | 'different';
