import type { OutboundResult } from './result.js';

/** What kept a receiver from taking a request, for people and programs: a stable code and a sentence, or nothing after a 2xx. */
export function describeFailure(result: OutboundResult): { error?: string; errorDetail?: string } {
  if (result.outcome === 'error') return { error: result.code, errorDetail: result.message };
  if (result.status >= 200 && result.status < 300) return {};
  const redirect = result.status >= 300 && result.status < 400;
  const detail = redirect
    ? `The receiver answered ${result.status}; redirects are not followed. Register the address it points to.`
    : `The receiver answered ${result.status}.`;
  return { error: 'http_status', errorDetail: detail };
}
