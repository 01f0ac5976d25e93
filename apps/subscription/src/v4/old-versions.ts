import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PublicAddress } from './public-address.js';
import { versionOf } from './versions.js';

/** v2 answers a PUT that changed something with 303 and the address of what it changed (spec section 10.1). */
export function redirectOldPuts(fastify: FastifyInstance, address: PublicAddress): void {
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (request.method === 'PUT' && reply.statusCode === 204 && versionOf(request) === 'v2')
      void reply.status(303).header('location', address.of(request, completePath(request)));
    done();
  });
}

/** Without the parts after it, which are ignored. */
function completePath({ url, routeOptions }: FastifyRequest): string {
  const route = (routeOptions.url ?? '').replace(/\/\*$/, '');
  return new URL(url, 'http://a').pathname.split('/').slice(0, route.split('/').length).join('/');
}
