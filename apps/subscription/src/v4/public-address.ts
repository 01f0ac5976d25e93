import type { FastifyRequest } from 'fastify';

/** Addresses of this service as its users know them. */
export class PublicAddress {
  /** @param base without a slash at the end; by default what the caller wrote in the request */
  constructor(private readonly base?: string) {}

  of(request: FastifyRequest, path: string): string {
    return `${this.base ?? `${request.protocol}://${request.host}`}${path}`;
  }
}
