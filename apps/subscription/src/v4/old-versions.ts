import type { FastifyInstance } from 'fastify';
import type { PublicAddress } from './public-address.js';
import { versionOf } from './versions.js';

/** v2 answers a PUT that changed something with 303 and the address of what it changed (spec section 10.1). */
export function redirectOldPuts(fastify: FastifyInstance, address: PublicAddress): void {
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (request.method === 'PUT' && reply.statusCode === 204 && versionOf(request) === 'v2')
      void reply.status(303).header('location', address.of(request, new URL(request.url, 'http://a').pathname));
    done();
  });
}
