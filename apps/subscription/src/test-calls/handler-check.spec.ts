import { describe, expect, it } from '@jest/globals';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import { pino } from 'pino';
import { DEFAULT_PACE } from '../webhooks/pace.js';
import { newWebhook } from '../webhooks/webhook.js';
import type { Webhook } from '../webhooks/webhook.js';
import { CHECK_BOUNDS, HandlerCheck } from './handler-check.js';
import type { CheckBounds } from './handler-check.js';
import { TestLimit } from './test-limit.js';
import { TestSender } from './test-sender.js';
import type { SendingOptions, SentTest } from './test-sender.js';

const CALLER: Access = { account: '1', token: 't', scopes: ['webhooks:write'] };

function webhookOf(id: number): Webhook {
  const given = { handler: `https://${id}.example/`, trigger: 'click' };
  return newWebhook(String(id), '1', given, {
    ...{ trusts: () => true, newSecret: () => 'sealed', now: new Date(), origin: 'us.example', pace: DEFAULT_PACE },
  });
}

const ACCEPTED: SentTest = {
  headers: [],
  result: {
    ...{ outcome: 'response', status: 200, headers: {}, body: Buffer.alloc(0), bodyTruncated: false },
    timing: { queuedMs: 0, totalMs: 1 },
  },
};
const ABORTED: SentTest = {
  headers: [],
  result: { outcome: 'error', code: 'aborted', message: 'Cancelled.', timing: { queuedMs: 0, totalMs: 1 } },
};

/** A sender whose requests end as `answer` says. */
class ScriptedSender extends TestSender {
  constructor(private readonly answer: (id: string, options: SendingOptions) => Promise<SentTest>) {
    const none = () => Promise.reject(new Error('not asked for'));
    super({ copernicaId: none }, { active: none }, { secrets: () => [] }, { send: none });
  }

  override send(...[webhook, , , options = {}]: Parameters<TestSender['send']>): Promise<SentTest> {
    return this.answer(webhook.id, options);
  }
}

function checkOf(count: number, answer: ScriptedSender['answer'], bounds: Partial<CheckBounds> = {}): HandlerCheck {
  const webhooks = Array.from({ length: count }, (_, index) => webhookOf(index + 1));
  const listAfter = () => Promise.resolve(webhooks);
  const limit = new TestLimit(1_000);
  const log = pino({ level: 'silent' });
  return new HandlerCheck({ listAfter }, new ScriptedSender(answer), limit, log, { ...CHECK_BOUNDS, ...bounds });
}

const everything = { trigger: undefined, after: undefined };

describe('checking all handlers', () => {
  it('has ten requests under way at once, and tells of the webhooks in their order', async () => {
    let most = 0;
    const waiting: (() => void)[] = [];
    const check = checkOf(25, async () => {
      await new Promise<void>((resolve) => {
        most = Math.max(most, waiting.push(resolve));
        // The last that came goes first.
        if (waiting.length === 10) setImmediate(() => waiting.pop()?.());
      });
      setImmediate(() => waiting.pop()?.());
      return ACCEPTED;
    });
    const { results } = await check.check(CALLER, everything);
    expect(most).toBe(10);
    expect(results.map(({ webhook, outcome }) => [webhook, outcome])).toEqual(
      Array.from({ length: 25 }, (_, index) => [String(index + 1), 'accepted']),
    );
  });

  it('given that its time is over, says what was not checked', async () => {
    const check = checkOf(
      15,
      (id, { signal }) =>
        id === '1'
          ? Promise.resolve(ACCEPTED)
          : new Promise((resolve) => {
              signal?.addEventListener('abort', () => {
                resolve(ABORTED);
              });
            }),
      { totalMs: 50 },
    );
    const { results } = await check.check(CALLER, everything);
    expect(results.map(({ outcome }) => outcome)).toEqual(['accepted', ...Array<string>(14).fill('not_checked')]);
  });

  it('given one that there is no key for, says so of it, and checks the others', async () => {
    const check = checkOf(3, (id) =>
      id === '2' ? Promise.reject(new ApiError('signing_key_not_active')) : Promise.resolve(ACCEPTED),
    );
    const { results } = await check.check(CALLER, everything);
    expect(results.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ['accepted', undefined],
      ['failed', 'signing_key_not_active'],
      ['accepted', undefined],
    ]);
  });
});
