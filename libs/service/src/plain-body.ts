import { ApiError } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';

const PLAIN = 'identity';

/** No service decompresses what it is sent. Throws `unsupported_media_type`, and the answer says what is taken (RFC 9110 section 12.5.3). */
export function requirePlainBody({ headers }: Pick<FastifyRequest, 'headers'>, reply: FastifyReply): void {
  const coding = headers['content-encoding']?.toLowerCase() ?? PLAIN;
  if (coding === PLAIN) return;
  void reply.header('accept-encoding', PLAIN);
  throw new ApiError('unsupported_media_type', 'Send the body without Content-Encoding, as it is.');
}
