import { setTimeout as pause } from 'node:timers/promises';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { mergeMap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Queries } from '../database/database.js';

const LOOK_MS = 5;
/** While Kafka is away a change is answered after this time, and published when it is back. */
const MOST_MS = 1_000;

/**
 * Answers a request that changes something when its change is on the topic `config`: who creates a webhook and then sends an event should not
 * be faster than the configuration. Other services read the topic within milliseconds.
 */
export class AnswerWhenPublished implements NestInterceptor {
  constructor(private readonly database: Queries) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const { method } = context.switchToHttp().getRequest<FastifyRequest>();
    if (method === 'GET' || method === 'HEAD') return next.handle();
    return next.handle().pipe(
      mergeMap(async (answer: unknown) => {
        await this.published();
        return answer;
      }),
    );
  }

  /**
   * Waits until all changes up to now are on the topic. The relay removes entries in their order, each when it is durable; so it
   * does not matter which instance leads.
   */
  async published(): Promise<void> {
    const deadline = Date.now() + MOST_MS;
    try {
      const [row] = await this.database.query<{ last: string | null }>('SELECT max(id) AS last FROM config.outbox');
      const last = row?.last ?? null;
      while (last !== null && Date.now() < deadline && (await this.#isWaiting(last))) await pause(LOOK_MS);
    } catch {
      // The change itself is stored. PostgreSQL went away just after it, and the answer does not depend on it.
      return;
    }
  }

  async #isWaiting(last: string): Promise<boolean> {
    const waiting = await this.database.query('SELECT FROM config.outbox WHERE id <= $1 LIMIT 1', [last]);
    return waiting.length > 0;
  }
}
