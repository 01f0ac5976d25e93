import { finished, PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';

/**
 * The body of a request for a reader that may leave, as a client does when it is answered before it has sent everything: what still comes
 * is then read and forgotten. Without this the rest would block the connection of the sender, who might never see the answer.
 */
export function detachable(body: Readable): Readable {
  const copy = new PassThrough();
  finished(body, (cause) => {
    if (cause) copy.destroy(cause);
  });
  finished(copy, () => {
    body.unpipe(copy).resume();
  });
  return body.pipe(copy);
}
