import express from 'express';
import type { Express } from 'express';
import { ReceiverError } from '../index.js';
import type { Receiver, Webhook } from '../index.js';

export function expressApp(receiver: Receiver, store: (webhook: Webhook) => Promise<void>): Express {
  const app = express();
  // Before any other parser: what is signed is bytes.
  app.post('/hooks/*path', express.raw({ type: () => true, limit: '8mb' }), async (request, response) => {
    try {
      const { method, originalUrl: target, headers } = request;
      await store(await receiver.verify({ method, target, headers, body: request.body as Buffer }));
      response.status(204).end();
    } catch (error) {
      response.status(error instanceof ReceiverError ? error.status : 500).end();
    }
  });
  return app;
}
