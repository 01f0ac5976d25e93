import type { RequestListener } from 'node:http';
import { answerHandshake } from '../index.js';

/** Says to a sender of CloudEvents that it may deliver, and leaves the rest to `next`. */
export function withHandshake(next: RequestListener): RequestListener {
  return (request, response) => {
    const { method = '', headers } = request;
    const answer = answerHandshake(
      { method, headers },
      { origins: ['signing.postduif.example'], requestsPerMinute: 600 },
    );
    if (answer === undefined) next(request, response);
    else response.writeHead(answer.status, answer.headers).end();
  };
}
