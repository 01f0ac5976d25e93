import { ApiError } from '@postduif/contracts';
import { sendProblem } from '@postduif/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isCompatible } from '../v4/versions.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route is there only to name the methods that others at its address take. */
    refuses?: boolean;
  }
}

/**
 * Answers 405 and names the right ones for methods that an address does not take (RFC 9110 section 15.5.6). Copernica's and SMTPeter's addresses
 * have an answer of their own.
 */
export class OtherMethods {
  readonly #taken = new Map<string, Set<string>>();

  /** Make it before the routes. */
  constructor(private readonly fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ url, method, config }) => {
      if (config?.refuses === true || isCompatible(url)) return;
      const taken = this.#taken.get(url) ?? new Set();
      for (const one of [method].flat()) taken.add(one);
      this.#taken.set(url, taken);
    });
  }

  /** Call it when all routes are there. */
  refuse(): void {
    const { supportedMethods } = this.fastify;
    for (const [url, taken] of this.#taken) {
      const allowed = [...taken].sort().join(', ');
      const answer = (_request: FastifyRequest, reply: FastifyReply): void => {
        sendProblem(reply.header('allow', allowed), new ApiError('method_not_allowed'));
      };
      const method = supportedMethods.filter((name) => !taken.has(name));
      // Before a body is read: it would be looked at only to be refused.
      this.fastify.route({ url, method, config: { refuses: true }, onRequest: answer, handler: answer });
    }
  }
}
