import type { Header } from '@postduif/signing';

/** A request as it came over the wire. */
export interface ArrivedRequest {
  readonly at: Date;
  readonly method: string;
  /** Exactly as on the request line. */
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

/** Value of a header; undefined when it is absent. */
export function headerOf({ headers }: Pick<ArrivedRequest, 'headers'>, wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}
