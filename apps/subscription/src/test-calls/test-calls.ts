import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { SampleSubject, SampleView, TestContent } from '@postduif/contracts';
import { encode } from '@postduif/payload-encoding';
import type { Log } from '../log.js';
import type { Webhook } from '../webhooks/webhook.js';
import type { Webhooks } from '../webhooks/webhooks.js';
import { sampleFor } from './sample.js';
import { testBody, testEvent } from './test-event.js';
import type { TestLimit } from './test-limit.js';
import { errorOf, outcomeOf } from './test-report.js';
import type { EndedTest } from './test-report.js';
import type { SendingOptions, TestSender } from './test-sender.js';

/**
 * Sends one request to a webhook's handler at once and tells what came of it (spec section 9). It is signed as a delivery is, and is
 * none: it is never queued, tried again or recorded, whatever the state of the webhook. A handler that is not validated gets nothing
 * but the sample, so that no data leaves for who knows where.
 */
export class TestCalls {
  constructor(
    private readonly webhooks: Pick<Webhooks, 'get'>,
    private readonly sender: TestSender,
    private readonly limit: TestLimit,
    private readonly log: Log,
  ) {}

  /** Throws `not_found`, `handler_not_validated`, `invalid_request`, `test_rate_limited` or `signing_key_not_active`. */
  async test(caller: Access, id: string, content: TestContent, options: SendingOptions = {}): Promise<EndedTest> {
    const webhook = await this.webhooks.get(caller, id);
    if (!webhook.validated && content.kind !== 'sample') throw new ApiError('handler_not_validated');
    const occasion = this.sender.occasion();
    const body = testBody(webhook, content, occasion);
    this.limit.take(caller.account);
    const sent = await this.sender.send(webhook, occasion, body, options);
    const ended = { webhook, occasion, body, sent };
    this.#say(caller, ended, content.kind);
    return ended;
  }

  /** What a test sends by itself, to look at and to change. Throws `not_found`. */
  async sample(caller: Access, id: string, about?: SampleSubject): Promise<SampleView> {
    const webhook = await this.webhooks.get(caller, id);
    const { ids, data } = sampleFor(webhook, about);
    const { contentType, body } = encode(
      webhook.format,
      testEvent(webhook, { kind: 'sample', about }, this.sender.occasion()),
    );
    const { trigger, format } = webhook;
    return { trigger, format, event: { ...ids, data }, contentType, body: body.toString('utf8') };
  }

  /** One wide line, without body, secret or query. */
  #say({ account, token }: Access, { webhook, occasion, body, sent }: EndedTest, content: TestContent['kind']): void {
    const { result } = sent;
    this.log.info(
      {
        ...{ account, token, webhook: webhook.id, trigger: webhook.trigger, test: occasion.id, content },
        host: hostOf(webhook),
        outcome: outcomeOf(result),
        status: result.outcome === 'response' ? result.status : undefined,
        error: errorOf(result)?.code,
        remoteAddress: result.remoteAddress,
        durationMs: result.timing.totalMs,
        bytes: body.body.length,
      },
      'test sent',
    );
  }
}

function hostOf({ handler }: Webhook): string | undefined {
  return URL.parse(handler)?.host;
}
