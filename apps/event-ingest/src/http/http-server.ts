import type { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { toApiError } from '@postduif/service';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { IngestMetrics } from '../ingest-metrics.js';
import { factsOf } from './request-facts.js';
import { RequestRefusals } from './request-refusals.js';

export interface HttpServerOptions {
  readonly metrics: IngestMetrics;
  readonly log: Logger;
}

const REFUSED_FOR_NOW = 503;
const HEALTH = new Set(['/live', '/ready', '/metrics']);

/** No body is read before the request has been found to deserve it, and each request leaves a line in the log. */
export function configureHttp(app: NestFastifyApplication, { metrics, log }: HttpServerOptions): void {
  const refusals = new RequestRefusals(log);
  const server = app.getHttpAdapter().getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request: FastifyRequest, payload: Readable, done) => {
    done(null, payload);
  });
  server.addHook('onError', (request, _reply, error, done) => {
    factsOf(request).code = toApiError(error).code;
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    if (!HEALTH.has(request.url)) {
      if (reply.statusCode === REFUSED_FOR_NOW) refusals.count(factsOf(request).code);
      metrics.request(reply.statusCode, reply.elapsedTime / 1_000);
      log.info({ ...describe(request), status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request');
    }
    done();
  });
}

function describe(request: FastifyRequest): Record<string, unknown> {
  return {
    request: request.id,
    method: request.method,
    route: request.routeOptions.url,
    ...factsOf(request),
  };
}
