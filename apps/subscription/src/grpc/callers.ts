import { randomUUID } from 'node:crypto';
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { bearerToken } from '@postduif/access';
import type { Access } from '@postduif/access';
import type { Scope } from '@postduif/contracts';
import type { ApiAccess } from '../accounts/api-access.js';
import { forRequest } from '../audit/origin.js';
import { whileWanted } from '../database/given-up.js';

export type UnaryCall = ServerUnaryCall<unknown, unknown>;
export type StreamCall = ServerWritableStream<unknown, unknown>;
export type Call = UnaryCall | StreamCall;

/** Who calls, and as long as he waits. */
export class Callers {
  /** @param published resolves when all changes up to now are on the topic `config` */
  constructor(
    private readonly access: ApiAccess,
    private readonly published: () => Promise<void>,
  ) {}

  /** Throws `unauthenticated`, `forbidden`, `rate_limited` or `store_unavailable`. Without a scope any valid token will do. */
  authorize(call: Call, scope?: Scope): Promise<Access> {
    return this.access.of(tokenOf(call), scope, addressOf(call));
  }

  /** Does what was called for, while the caller waits for it. A change is answered when the other services can know of it. */
  perform<T>(
    call: Call,
    scope: Scope | undefined,
    work: (caller: Access, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = givenUp(call);
    return forRequest('grpc', requestIdOf(call), () =>
      whileWanted(signal, async () => {
        const result = await work(await this.authorize(call, scope), signal);
        if (scope === 'webhooks:write') await this.published();
        return result;
      }),
    );
  }
}

/** The token in the metadata `authorization`. */
export function tokenOf(call: Call): string | undefined {
  const [value] = call.metadata.get('authorization');
  return bearerToken(value?.toString());
}

/** Of the caller's choice, as over HTTP. */
function requestIdOf(call: Call): string {
  const [value] = call.metadata.get('x-request-id');
  return value?.toString() ?? randomUUID();
}

/** Without the port, which is another for each connection. */
function addressOf(call: Call): string {
  return call.getPeer().replace(/:\d+$/, '');
}

/** Given when the caller has gone or his deadline has passed. */
export function givenUp(call: Call): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  if (call.cancelled) abort();
  else call.once('cancelled', abort);
  return controller.signal;
}
