import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { readBody, ReceiverError } from '../index.js';
import type { Receiver, Webhook } from '../index.js';

/** Status to answer with. Store the webhook, answer, and do the work afterwards. */
async function receive(request: IncomingMessage, receiver: Receiver, store: Store): Promise<number> {
  try {
    const { method = '', url: target = '', headers } = request;
    await store(await receiver.verify({ method, target, headers, body: await readBody(request) }));
    return 204;
  } catch (error) {
    return error instanceof ReceiverError ? error.status : 500;
  }
}

export type Store = (webhook: Webhook) => Promise<void>;

export function nodeServer(receiver: Receiver, store: Store): Server {
  return createServer((request, response) => {
    void receive(request, receiver, store).then((status) => response.writeHead(status).end());
  });
}
