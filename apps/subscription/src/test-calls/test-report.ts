import { isUtf8 } from 'node:buffer';
import type { TestOutcome, TestReport, TestTiming } from '@postduif/contracts';
import { describeFailure } from '@postduif/outbound';
import type { ExchangeTiming, OutboundResult } from '@postduif/outbound';
import type { EncodedBody } from '@postduif/payload-encoding';
import type { Webhook } from '../webhooks/webhook.js';
import type { Occasion } from './test-event.js';
import type { SentTest } from './test-sender.js';

/** A test that has ended. */
export interface EndedTest {
  readonly webhook: Webhook;
  readonly occasion: Occasion;
  readonly body: EncodedBody;
  readonly sent: SentTest;
}

export function outcomeOf(result: OutboundResult): TestOutcome {
  if (result.outcome === 'error') return 'failed';
  return result.status >= 200 && result.status < 300 ? 'accepted' : 'refused';
}

/** Code and sentence as an attempt has them; null when the receiver has accepted. */
export function errorOf(result: OutboundResult): TestReport['error'] {
  const { error: code, errorDetail: message } = describeFailure(result);
  return code === undefined || message === undefined ? null : { code, message };
}

export function timingOf(timing: ExchangeTiming): TestTiming {
  const known = (ms: number | undefined): number | null => (ms === undefined ? null : rounded(ms));
  return {
    queuedMs: rounded(timing.queuedMs),
    connectMs: known(timing.connectMs),
    lookupMs: known(timing.lookupMs),
    tcpMs: known(timing.tcpMs),
    tlsMs: known(timing.tlsMs),
    firstByteMs: known(timing.firstByteMs),
    totalMs: rounded(timing.totalMs),
  };
}

export function toReport({ webhook, occasion, body, sent }: EndedTest): TestReport {
  const { headers, result } = sent;
  return {
    test: occasion.id,
    webhook: webhook.id,
    at: occasion.at.toISOString(),
    outcome: outcomeOf(result),
    request: { method: 'POST', url: webhook.handler, headers: Object.fromEntries(headers), ...shown(body.body) },
    response: result.outcome === 'response' ? toResponse(result) : null,
    error: errorOf(result),
    remoteAddress: result.remoteAddress ?? null,
    timing: timingOf(result.timing),
  };
}

function toResponse(result: Extract<OutboundResult, { outcome: 'response' }>): TestReport['response'] {
  const { status, headers, body, bodyTruncated } = result;
  return { status, headers, body: body.toString('utf8'), bodyTruncated };
}

function shown(body: Buffer): Pick<TestReport['request'], 'body' | 'bodyBase64'> {
  return isUtf8(body) ? { body: body.toString('utf8') } : { bodyBase64: body.toString('base64') };
}

/** To a tenth of a millisecond. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
