import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuditEntry } from '@postduif/contracts';

export type Credential = NonNullable<AuditEntry['actor']['credential']>;

/** Where a change comes from. */
export interface Origin extends Readonly<AuditEntry['actor']> {
  /** Id of the request, as answer and log have it. */
  readonly request: string | null;
}

/** Of a request that is being handled; who sends it is known once his token was looked up. */
interface Request {
  readonly channel: 'rest' | 'grpc';
  readonly id: string;
  caller?: { readonly token: string; readonly credential: Credential };
}

const MOST_CHARACTERS = 200;
const SYSTEM: Origin = { channel: 'system', token: null, credential: null, request: null };
const requests = new AsyncLocalStorage<Request>();

/** Runs `work` for a request; what changes meanwhile is put down to it. */
export function forRequest<T>(channel: Request['channel'], id: string, work: () => T): T {
  return requests.run({ channel, id: id.slice(0, MOST_CHARACTERS) }, work);
}

/** Says whose the request is. */
export function noteCaller(token: string, credential: Credential): void {
  const request = requests.getStore();
  if (request !== undefined) request.caller = { token, credential };
}

/** Outside of a request it is the system. */
export function originOfChange(): Origin {
  const request = requests.getStore();
  if (request === undefined) return SYSTEM;
  const { channel, id, caller } = request;
  return { channel, token: caller?.token ?? null, credential: caller?.credential ?? null, request: id };
}
