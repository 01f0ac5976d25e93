import type { ErrorCode } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';

/** What the log line of a request says beside method, status and duration. Never a body or a token. */
export interface RequestFacts {
  account?: string;
  /** Id of the token. */
  token?: string;
  /** Of the body. */
  bytes?: number;
  accepted?: number;
  refused?: number;
  /** Ids of the accepted events, and their types, when they are few. */
  events?: readonly string[];
  types?: readonly string[];
  /** How often each code among the refused. */
  refusals?: Partial<Record<ErrorCode, number>>;
  /** Error code of the answer. */
  code?: ErrorCode;
}

const facts = new WeakMap<FastifyRequest, RequestFacts>();

/** The facts of a request so far, to be added to. */
export function factsOf(request: FastifyRequest): RequestFacts {
  let found = facts.get(request);
  if (found === undefined) facts.set(request, (found = {}));
  return found;
}
