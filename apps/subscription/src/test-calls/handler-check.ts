import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { CheckReport, CheckResult } from '@postduif/contracts';
import type { OutboundResult } from '@postduif/outbound';
import type { Log } from '../log.js';
import type { Webhook } from '../webhooks/webhook.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { testBody } from './test-event.js';
import type { TestLimit } from './test-limit.js';
import { errorOf, outcomeOf, timingOf } from './test-report.js';
import type { TestSender } from './test-sender.js';

export interface CheckBounds {
  /** Webhooks of one check; the others are for the next. */
  readonly most: number;
  /** Requests at once. */
  readonly atOnce: number;
  /** Deadline of each request, in milliseconds. */
  readonly requestMs: number;
  /** Deadline of the whole check, in milliseconds. */
  readonly totalMs: number;
}

export const CHECK_BOUNDS: CheckBounds = { most: 50, atOnce: 10, requestMs: 10_000, totalMs: 60_000 };

export interface Checked {
  readonly trigger: string | undefined;
  /** Id of the last webhook of the check before. */
  readonly after: string | undefined;
}

/**
 * *Check now* (spec section 9): a sample to the handler of each webhook of an account, so that one look tells which of them answer. What
 * is not validated is not called, but said.
 */
export class HandlerCheck {
  constructor(
    private readonly webhooks: Pick<Webhooks, 'listAfter'>,
    private readonly sender: TestSender,
    private readonly limit: TestLimit,
    private readonly log: Log,
    private readonly bounds: CheckBounds = CHECK_BOUNDS,
  ) {}

  /** Throws `test_rate_limited` before anything is sent, when there is no room for all of it. */
  async check({ account, token }: Access, { trigger, after = '0' }: Checked): Promise<CheckReport> {
    const { most, totalMs } = this.bounds;
    const found = await this.webhooks.listAfter({ account, trigger }, { after, limit: most + 1 });
    const webhooks = found.slice(0, most);
    this.limit.take(account, webhooks.filter(({ validated }) => validated).length);
    const results = await this.#checkAll(webhooks, AbortSignal.timeout(totalMs));
    const accepted = results.filter(({ outcome }) => outcome === 'accepted').length;
    this.log.info({ account, token, trigger, webhooks: results.length, accepted }, 'webhooks checked');
    return { results, next: found.length > most ? (webhooks.at(-1)?.id ?? null) : null };
  }

  /** In their order, however long each takes. */
  async #checkAll(webhooks: readonly Webhook[], late: AbortSignal): Promise<CheckResult[]> {
    const results: CheckResult[] = [];
    const waiting = webhooks.entries();
    const work = async (): Promise<void> => {
      for (const [index, webhook] of waiting) results[index] = await this.#checkOne(webhook, late);
    };
    await Promise.all(Array.from({ length: this.bounds.atOnce }, work));
    return results;
  }

  async #checkOne(webhook: Webhook, late: AbortSignal): Promise<CheckResult> {
    if (!webhook.validated) return unsent(webhook, 'not_validated');
    if (late.aborted) return unsent(webhook, 'not_checked');
    try {
      const occasion = this.sender.occasion();
      const body = testBody(webhook, { kind: 'sample' }, occasion);
      const options = { signal: late, totalTimeoutMs: this.bounds.requestMs };
      const { result } = await this.sender.send(webhook, occasion, body, options);
      if (result.outcome === 'error' && result.code === 'aborted') return unsent(webhook, 'not_checked');
      return answered(webhook, result);
    } catch (error) {
      // Of one webhook, such as that there is no key to sign with. The others can be checked.
      if (!(error instanceof ApiError)) throw error;
      return unsent(webhook, 'failed', { code: error.code, message: error.detail });
    }
  }
}

function answered(webhook: Webhook, result: OutboundResult): CheckResult {
  return {
    ...identityOf(webhook),
    outcome: outcomeOf(result),
    status: result.outcome === 'response' ? result.status : null,
    error: errorOf(result),
    totalMs: timingOf(result.timing).totalMs,
  };
}

function unsent(webhook: Webhook, outcome: CheckResult['outcome'], error: CheckResult['error'] = null): CheckResult {
  return { ...identityOf(webhook), outcome, status: null, error, totalMs: null };
}

function identityOf({
  id,
  handler,
  trigger,
  state,
}: Webhook): Pick<CheckResult, 'webhook' | 'handler' | 'trigger' | 'state'> {
  return { webhook: id, handler, trigger, state };
}
