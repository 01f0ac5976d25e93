import { ApiError } from '@postduif/contracts';
import type { FastifyInstance } from 'fastify';

const USE_HTTPS = 'Credentials do not go over plain HTTP: begin the address with https://.';

/**
 * Refuses what a proxy in front took in over plain HTTP, by its header `X-Forwarded-Proto`. Not with a redirect: the token has been
 * seen already, and Copernica's own class takes a redirect for success (spec section 10.1).
 */
export function refusePlainHttp(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    // Each proxy adds its own: the first is what the client used.
    const [first = ''] = String(request.headers['x-forwarded-proto']).split(',');
    if (first.trim().toLowerCase() === 'http') done(new ApiError('invalid_request', USE_HTTPS));
    else done();
  });
}
