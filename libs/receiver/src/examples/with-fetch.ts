import { readBody, ReceiverError } from '../index.js';
import type { Receiver, Webhook } from '../index.js';

/** For whatever hands over a `Request` of Fetch. The Host header must be among its headers. */
export async function handleRequest(
  request: Request,
  receiver: Receiver,
  store: (webhook: Webhook) => Promise<void>,
): Promise<Response> {
  try {
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? Buffer.alloc(0) : await readBody(request.body);
    await store(
      await receiver.verify({ method: request.method, target: pathname + search, headers: request.headers, body }),
    );
    return new Response(null, { status: 204 });
  } catch (error) {
    return new Response(null, { status: error instanceof ReceiverError ? error.status : 500 });
  }
}
