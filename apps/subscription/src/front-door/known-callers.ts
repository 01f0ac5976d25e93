import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiAccess } from '../accounts/api-access.js';

/** Tokens come in the body, receivers have none, and event-ingest looks at them itself, also while PostgreSQL is away. */
const OPEN = /^\/(?:authenticate|v1\/handshake|v1\/events)(?:[/?]|$)/;

/** Refuses whoever has no valid token before anything of his body is read. */
export function requireKnownCallers(fastify: FastifyInstance, access: Pick<ApiAccess, 'caller'>): void {
  fastify.addHook('onRequest', async (request) => {
    if (bringsBody(request) && !OPEN.test(request.url)) await access.caller(request);
  });
}

function bringsBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
