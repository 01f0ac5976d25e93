import type { HandshakeReport } from '@postduif/contracts';
import { parseHandlerUrl } from '@postduif/outbound';
import type { OutboundSender } from '@postduif/outbound';
import type { Webhook } from '../webhooks/webhook.js';

const SHOWN_CHARACTERS = 100;
const REASONS = {
  origin_missing:
    'The answer has no header WebHook-Allowed-Origin, so this is no consent. A receiver may still give it at WebHook-Request-Callback.',
  origin_mismatch: 'WebHook-Allowed-Origin is neither the name in WebHook-Request-Origin nor an asterisk.',
  rate_malformed: 'WebHook-Allowed-Rate is neither a whole number of requests a minute above zero nor an asterisk.',
} as const;

/**
 * The validation handshake of CloudEvents' "HTTP 1.1 Web Hooks for Event Delivery", section 4: does this receiver agree to be sent
 * to, and how fast? Only headers count, whatever the status.
 */
export class Handshake {
  constructor(
    private readonly sender: Pick<OutboundSender, 'send'>,
    /** What we call ourselves. */
    private readonly origin: string,
    /** Where the receiver can agree later; undefined: nowhere. */
    private readonly callbackFor: (webhook: Webhook) => string | undefined,
  ) {}

  async ask(
    webhook: Webhook,
    { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
  ): Promise<HandshakeReport> {
    const { origin } = this;
    const url = parseHandlerUrl(webhook.handler);
    const callback = this.callbackFor(webhook);
    const headers: [string, string][] = [['WebHook-Request-Origin', origin]];
    if (callback !== undefined) headers.push(['WebHook-Request-Callback', callback]);
    if (webhook.rate !== null) headers.push(['WebHook-Request-Rate', String(perMinute(webhook.rate))]);
    const result = await this.sender.send({ method: 'OPTIONS', url, headers, signal, totalTimeoutMs: timeoutMs });
    const asked = { url: webhook.handler, origin };
    // Nothing else of the answer is shown: a server that repeats requests would show the callback to who must not know it.
    return result.outcome === 'error'
      ? { ...asked, granted: false, error: result.code, message: result.message }
      : { ...asked, status: result.status, ...readAnswer(result.headers, origin) };
  }
}

/** @param headers by their names in lower case */
export function readAnswer(
  headers: Readonly<Record<string, string>>,
  origin: string,
): Omit<HandshakeReport, 'url' | 'origin' | 'status'> {
  const allowedOrigin = headers['webhook-allowed-origin']?.trim();
  if (allowedOrigin === undefined || allowedOrigin === '') return refused('origin_missing');
  const shown = { allowedOrigin: allowedOrigin.slice(0, SHOWN_CHARACTERS) };
  if (allowedOrigin !== '*' && allowedOrigin.toLowerCase() !== origin.toLowerCase())
    return { ...shown, ...refused('origin_mismatch') };
  const allowedRate = readRate(headers['webhook-allowed-rate']);
  if (allowedRate === undefined) return { ...shown, ...refused('rate_malformed') };
  return { ...shown, granted: true, allowedRate };
}

function refused(error: keyof typeof REASONS): { granted: false; error: string; message: string } {
  return { granted: false, error, message: REASONS[error] };
}

/** Requests a minute; null for any number, which is also what no header and more than 999,999,999 mean; undefined for nonsense. */
export function readRate(header: string | undefined): number | null | undefined {
  const text = header?.trim() ?? '*';
  if (text === '*' || /^[1-9]\d{9,}$/.test(text)) return null;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

/** The specification knows whole numbers above zero. */
function perMinute(rate: number): number {
  return Math.max(1, Math.floor(rate * 60));
}
