import { ApiError, MAX_SECRETS } from '@postduif/contracts';

/** What signs a webhook's requests by Standard Webhooks. */
export interface Secrets {
  /** Sealed, the newest first. */
  readonly secrets: readonly string[];
  /** Until when those after the first sign, in the same order. */
  readonly secretEnds: readonly Date[];
}

export const NO_SECRETS: Secrets = { secrets: [], secretEnds: [] };

/** Those that have not ended. */
export function unexpired({ secrets, secretEnds }: Secrets, now: Date): Secrets {
  const signs = (end: Date | undefined): boolean => end === undefined || end > now;
  return { secrets: secrets.filter((_, index) => signs(secretEnds[index - 1])), secretEnds: secretEnds.filter(signs) };
}

/**
 * Puts a new secret before the others, none of which signs for longer than the overlap from now on. Throws `too_many_secrets`.
 */
export function rotated(
  { secrets, secretEnds }: Secrets,
  sealed: string,
  { now, overlapSeconds }: { now: Date; overlapSeconds: number },
): Secrets {
  const latest = new Date(now.getTime() + overlapSeconds * 1_000);
  const ends = [latest, ...secretEnds].slice(0, secrets.length);
  const next = unexpired(
    { secrets: [sealed, ...secrets], secretEnds: ends.map((end) => (end < latest ? end : latest)) },
    now,
  );
  if (next.secrets.length > MAX_SECRETS) throw tooMany(next.secretEnds);
  return next;
}

function tooMany(ends: readonly Date[]): ApiError {
  const first = new Date(Math.min(...ends.map((end) => end.getTime())));
  return new ApiError(
    'too_many_secrets',
    `${MAX_SECRETS} secrets of this webhook sign already. Wait until ${first.toISOString()}, when the oldest ends, or end them at once: overlap 0.`,
  );
}
