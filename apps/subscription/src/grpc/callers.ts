import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { bearerToken } from '@postduif/access';
import type { Access } from '@postduif/access';
import type { Scope } from '@postduif/contracts';
import type { ApiAccess } from '../accounts/api-access.js';
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

  /** Throws `unauthenticated`, `forbidden` or `store_unavailable`. Without a scope any valid token will do. */
  authorize(call: Call, scope?: Scope): Promise<Access> {
    return this.access.of(tokenOf(call), scope);
  }

  /** Does what was called for, while the caller waits for it. A change is answered when the other services can know of it. */
  perform<T>(
    call: Call,
    scope: Scope | undefined,
    work: (caller: Access, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const signal = givenUp(call);
    return whileWanted(signal, async () => {
      const result = await work(await this.authorize(call, scope), signal);
      if (scope === 'webhooks:write') await this.published();
      return result;
    });
  }
}

/** The token in the metadata `authorization`. */
export function tokenOf(call: Call): string | undefined {
  const [value] = call.metadata.get('authorization');
  return bearerToken(value?.toString());
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
