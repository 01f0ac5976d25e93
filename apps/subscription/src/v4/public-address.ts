import type { FastifyRequest } from 'fastify';
import { versionOf } from './versions.js';

/** Addresses of this service as its users know them. */
export class PublicAddress {
  /** @param base without a slash at the end; by default what the caller wrote in the request */
  constructor(private readonly base?: string) {}

  /** In the version of the API that the request was written for. */
  entity(request: FastifyRequest, path: string): string {
    return this.of(request, `/${versionOf(request)}/${path}`);
  }

  of(request: FastifyRequest, path: string): string {
    return `${this.base ?? `${request.protocol}://${request.host}`}${path}`;
  }
}
