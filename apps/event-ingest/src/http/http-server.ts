import type { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiError } from '@postduif/contracts';
import { toApiError } from '@postduif/service';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { IngestMetrics } from '../ingest-metrics.js';
import { readBody } from './request-body.js';
import { factsOf } from './request-facts.js';

export interface HttpServerOptions {
  /** Largest body, in bytes. */
  readonly maxBodyBytes: number;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
}

const HEALTH = new Set(['/live', '/ready', '/metrics']);

/** Bodies come as bytes whatever their type, and each request leaves a line in the log. */
export function configureHttp(app: NestFastifyApplication, { maxBodyBytes, metrics, log }: HttpServerOptions): void {
  const server = app.getHttpAdapter().getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', async (request: FastifyRequest, payload: Readable) => {
    const body = await readBody(payload, maxBodyBytes);
    const coding = request.headers['content-encoding'];
    if (coding === undefined || coding === 'identity') return body;
    throw new ApiError('unsupported_media_type', 'Send the body without Content-Encoding.');
  });
  server.addHook('onError', (request, _reply, error, done) => {
    factsOf(request).code = toApiError(error).code;
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    if (!HEALTH.has(request.url)) {
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
    bytes: Buffer.isBuffer(request.body) ? request.body.length : 0,
    ...factsOf(request),
  };
}
