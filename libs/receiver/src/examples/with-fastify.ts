import type { FastifyPluginCallback } from 'fastify';
import { ReceiverError } from '../index.js';
import type { Receiver, Webhook } from '../index.js';

/** A plugin has parsers of its own, so the rest of the app keeps those it has. */
export function fastifyWebhooks(receiver: Receiver, store: (webhook: Webhook) => Promise<void>): FastifyPluginCallback {
  return (app, _options, done) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 8 * 1024 * 1024 }, (_request, body, parsed) => {
      parsed(null, body);
    });
    app.setErrorHandler((error, _request, reply) =>
      reply.status(error instanceof ReceiverError ? error.status : 500).send(),
    );
    app.post('/hooks/*', async (request, reply) => {
      const { method, originalUrl: target, headers } = request;
      await store(await receiver.verify({ method, target, headers, body: request.body as Buffer }));
      return reply.status(204).send();
    });
    done();
  };
}
