import type { RequestLimits } from '@postduif/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** For operators, or limited by the service behind. */
const EXEMPT = /^\/(?:live|ready|metrics|v1\/events|v1\/attempts)(?:[/?]|$)/;

/** Where the header is not looked at. */
const HEEDLESS = /^\/(?:authenticate|v1\/handshake)(?:[/?]|$)/;

/** Its token comes in the body: who reads that counts it. */
const EXCHANGE = /^\/authenticate(?:\?|$)/;

/** Limits requests without a token by their address, and those that show it elsewhere. */
export function limitAddresses(fastify: FastifyInstance, limits: Pick<RequestLimits, 'spend'>): void {
  fastify.addHook('onRequest', async (request) => {
    if (request.method === 'POST' && EXCHANGE.test(request.url)) return;
    if (HEEDLESS.test(request.url) || (!EXEMPT.test(request.url) && !bringsToken(request)))
      await limits.spend(`address ${request.ip}`, request);
  });
}

/** Whether there is a token to look up. */
function bringsToken({ headers, query }: FastifyRequest): boolean {
  return headers.authorization !== undefined || (query as Readonly<Record<string, unknown>>).access_token !== undefined;
}
