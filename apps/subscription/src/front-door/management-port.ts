import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from '@postduif/contracts';
import type { Health } from '@postduif/service';
import type { FastifyInstance, FastifyReply } from 'fastify';

const OK = 200;
const UNAVAILABLE = 503;
const METRICS = '/metrics';

/**
 * What operators see and the public does not: `/metrics`, and what `/live` and `/ready` say beside their status. It is answered on a port of
 * its own; the front door itself says only whether it is well.
 */
export class ManagementPort {
  readonly #server: Server;
  readonly #arrived = new WeakSet<IncomingMessage>();
  readonly #states: Readonly<Record<string, () => boolean>>;

  constructor(fastify: FastifyInstance, health: Pick<Health, 'live' | 'ready'>) {
    this.#states = { '/live': () => health.live().ok, '/ready': () => health.ready().ok };
    this.#server = createServer((request, response) => {
      this.#arrived.add(request);
      fastify.routing(request, response);
    });
    this.#guard(fastify);
  }

  /** Resolves to the port, which is any that is free when 0 is asked for. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #guard(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      const path = request.routeOptions.url ?? '';
      const state = this.#states[path];
      const known = path === METRICS || state !== undefined;
      if (this.#arrived.has(request.raw)) done(known ? undefined : new ApiError('not_found'));
      else if (path === METRICS) done(new ApiError('not_found'));
      else if (state === undefined) done();
      else answer(reply, state());
    });
  }
}

function answer(reply: FastifyReply, ok: boolean): void {
  void reply
    .status(ok ? OK : UNAVAILABLE)
    .header('cache-control', 'no-store')
    .send({ ok });
}
