import { ApiError, ifMatch as ifMatchHeader } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Throws `version_mismatch` when the entity tag is not what the caller has seen. */
export type Precondition = (tag: string) => void;

export const unconditional: Precondition = () => undefined;

const ANY = '*';

/**
 * The strong entity tag of a row (RFC 9110 section 8.8.3).
 *
 * @param version grows with every change
 * @param born when the row was made, for what may be deleted and made again under its old name
 */
export function entityTag(version: number, born?: Date): string {
  return `"${born === undefined ? '' : `${born.getTime().toString(36)}.`}${version}"`;
}

export function sayTag(reply: FastifyReply, tag: string): void {
  void reply.header('etag', tag);
}

/** What `If-Match` demands. Throws `invalid_request` when it is no list of entity tags. */
export function ifMatch({ headers }: Pick<FastifyRequest, 'headers'>): Precondition {
  const given = headers['if-match']?.trim();
  if (given === undefined || given === ANY) return unconditional;
  const { error } = ifMatchHeader.safeParse(given);
  if (error !== undefined) throw new ApiError('invalid_request', `If-Match: ${error.issues[0]?.message}`);
  // A weak tag never matches (RFC 9110 section 13.1.1).
  return oneOf(given.split(',').map((tag) => tag.trim()));
}

/** What a caller demands who knows a version by its number; zero is no demand. */
export function ifVersion(version: number): Precondition {
  return version === 0 ? unconditional : oneOf([entityTag(version)]);
}

function oneOf(tags: readonly string[]): Precondition {
  return (tag) => {
    if (!tags.includes(tag)) throw new ApiError('version_mismatch');
  };
}
