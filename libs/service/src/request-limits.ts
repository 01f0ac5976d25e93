import { ApiError } from '@postduif/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

export interface RequestLimitsOptions {
  /** Requests that a caller may send in each second. */
  readonly perSecond: number;
  /** Requests that he may send beyond that, within a minute. */
  readonly burst: number;
}

const BURST_SECONDS = 60;

/** What is left to a caller of one limit. */
interface Remainder {
  readonly name: string;
  readonly requests: number;
  readonly ms: number;
}

type Allowance = readonly Remainder[];

/** How much one token may ask of this process, and one address without a valid one. */
export class RequestLimits {
  readonly #second: RateLimiterMemory;
  readonly #burst: RateLimiterMemory;
  readonly #allowances = new WeakMap<FastifyRequest, Allowance>();
  readonly #policy: string;

  constructor({ perSecond, burst }: RequestLimitsOptions) {
    this.#second = new RateLimiterMemory({ keyPrefix: 'second', points: perSecond, duration: 1 });
    this.#burst = new RateLimiterMemory({ keyPrefix: 'burst', points: burst, duration: BURST_SECONDS });
    this.#policy = `"second";q=${perSecond};w=1, "burst";q=${burst};w=${BURST_SECONDS}`;
  }

  /** Counts a request of a caller, once. Its answer, if there is one, will say what is left. Throws `rate_limited`. */
  async spend(caller: string, request?: FastifyRequest): Promise<void> {
    if (request !== undefined && this.#allowances.has(request)) return;
    const second = await take(this.#second, caller);
    const burst = second.taken ? undefined : await take(this.#burst, caller);
    const left = burst?.left ?? (await this.#burst.get(caller));
    const untouched = { requests: this.#burst.points, ms: BURST_SECONDS * 1_000 };
    const allowance = [
      { name: 'second', ...remainderOf(second.left) },
      { name: 'burst', ...(left === null ? untouched : remainderOf(left)) },
    ];
    if (request !== undefined) this.#allowances.set(request, allowance);
    if (burst?.taken === false)
      throw new ApiError('rate_limited', undefined, {
        retryAfterSeconds: Math.max(1, Math.ceil(second.left.msBeforeNext / 1_000)),
      });
  }

  /** Lets answers say what is left. */
  announce(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (request, reply, _payload, done) => {
      const allowance = this.#allowances.get(request);
      if (allowance !== undefined)
        void reply.headers({ 'ratelimit-policy': this.#policy, ratelimit: headerOf(allowance) });
      done();
    });
  }
}

function remainderOf({ remainingPoints, msBeforeNext }: RateLimiterRes): Omit<Remainder, 'name'> {
  return { requests: remainingPoints, ms: msBeforeNext };
}

async function take(limiter: RateLimiterMemory, caller: string): Promise<{ taken: boolean; left: RateLimiterRes }> {
  try {
    return { taken: true, left: await limiter.consume(caller) };
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return { taken: false, left: refusal };
    throw refusal;
  }
}

/** draft-ietf-httpapi-ratelimit-headers-10. */
function headerOf(allowance: Allowance): string {
  return allowance.map(({ name, requests, ms }) => `"${name}";r=${requests};t=${Math.ceil(ms / 1_000)}`).join(', ');
}
