import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '@postduif/contracts';

const UNREADABLE = 'The request cannot be read as HTTP/1.1, or its headers are too large.';

/** Answers what never became a request: it did not arrive in time, or is no HTTP. There is only the bare connection to answer on. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  const timeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const problem = timeout ? new ApiError('request_timeout') : new ApiError('invalid_request', UNREADABLE);
  if (socket.writable) socket.write(asHttp(problem));
  socket.destroy(error);
}

function asHttp(error: ApiError): string {
  const body = JSON.stringify(error.toProblem());
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
