import { ApiError, entityTags } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Throws `version_mismatch` when what is there is not what the caller expects. Without a tag there is nothing. */
export type Precondition = (tag: string | undefined) => void;

export const unconditional: Precondition = () => undefined;

const ANY = '*';
const IS_THERE = 'This is there already, and `If-None-Match` demands that it is not. Leave that out to change it.';

/**
 * The strong entity tag of a row (RFC 9110 section 8.8.3).
 *
 * @param version grows with every change
 * @param born when the row was made, for what may be deleted and made again under its old name
 */
export function entityTag(version: number, born?: Date): string {
  return `"${born === undefined ? '' : `${born.getTime().toString(36)}.`}${version}"`;
}

/** Shows a version of something; to who has it already only that he has (304, RFC 9110 section 13.1.2). */
export function showVersion<View>(reply: FastifyReply, tag: string, view: View): View | undefined {
  void reply.header('etag', tag);
  if (!matchesWeakly(tagsIn(reply.request, 'if-none-match'), tag)) return view;
  void reply.status(304);
  return undefined;
}

/**
 * What `If-Match` and `If-None-Match` demand of what is to be changed (RFC 9110 section 13.1). Throws `invalid_request` when one of them is no
 * list of entity tags.
 */
export function preconditionOf(request: Pick<FastifyRequest, 'headers'>): Precondition {
  const match = tagsIn(request, 'if-match');
  const noneMatch = tagsIn(request, 'if-none-match');
  return (tag) => {
    if (match !== undefined && !matches(match, tag)) throw new ApiError('version_mismatch');
    if (matchesWeakly(noneMatch, tag)) throw new ApiError('version_mismatch', IS_THERE);
  };
}

/** What a caller demands who knows a version by its number; zero is no demand. */
export function ifVersion(version: number): Precondition {
  if (version === 0) return unconditional;
  return (tag) => {
    if (tag !== entityTag(version)) throw new ApiError('version_mismatch');
  };
}

type Header = 'if-match' | 'if-none-match';
const NAMES: Readonly<Record<Header, string>> = { 'if-match': 'If-Match', 'if-none-match': 'If-None-Match' };

function tagsIn({ headers }: Pick<FastifyRequest, 'headers'>, header: Header): readonly string[] | undefined {
  const given = headers[header]?.trim();
  if (given === undefined) return undefined;
  const { error } = entityTags.safeParse(given);
  if (error !== undefined) throw new ApiError('invalid_request', `${NAMES[header]}: ${error.issues[0]?.message}`);
  return given.split(',').map((tag) => tag.trim());
}

/** A weak tag never does. */
function matches(tags: readonly string[], tag: string | undefined): boolean {
  return tag !== undefined && (tags.includes(ANY) || tags.includes(tag));
}

function matchesWeakly(tags: readonly string[] | undefined, tag: string | undefined): boolean {
  return (
    tags !== undefined &&
    matches(
      tags.map((one) => one.replace(/^W\//, '')),
      tag,
    )
  );
}
