import { FastifyAdapter } from '@nestjs/platform-fastify';

/** Longest part of a path: an id of 200 characters, each of them percent-encoded. */
const MOST_PATH_PART = 600;

/** The HTTP server of every service. `bodyLimit` is in bytes, by default 1 MiB. */
export function httpAdapter({ bodyLimit = 1024 * 1024 }: { readonly bodyLimit?: number | undefined } = {}) {
  return new FastifyAdapter({
    bodyLimit,
    forceCloseConnections: 'idle',
    // What still comes on an open connection while the service stops is answered, and the connection then closed.
    return503OnClosing: false,
    requestIdHeader: 'x-request-id',
    routerOptions: { maxParamLength: MOST_PATH_PART },
  });
}
