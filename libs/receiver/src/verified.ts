import { createHash } from 'node:crypto';
import { ReceiverError } from './errors.js';

/** A signature that is right, and what makes the request the only one of its kind. */
export interface Verified<Signature> {
  readonly signature: Signature;
  /** Id of the event, the same at every attempt. */
  readonly eventId: string | undefined;
  readonly replayId: string;
  /** When the request is too old to be accepted. */
  readonly until: Date;
}

/** An id of 43 characters for parts that were signed. */
export function replayIdOf(...signed: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(signed)).digest('base64url');
}

export function secondsAfter(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1_000);
}

/** With a limit that is no number everything would pass. */
export function assertSeconds(limits: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(limits))
    if (!(value >= 0 && value < Infinity))
      throw new ReceiverError('configuration_invalid', `${name} must be a number of seconds`);
}
