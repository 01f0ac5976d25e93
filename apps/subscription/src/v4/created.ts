import type { FastifyReply } from 'fastify';

/** Headers of a 201: Copernica's own class reads `X-Created` (spec section 10.1). */
export function sayCreated(reply: FastifyReply, id: string, location: string): void {
  void reply.status(201).headers({ 'x-created': id, 'x-location': location, location });
}
