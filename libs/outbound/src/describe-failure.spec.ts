import { describe, expect, it } from '@jest/globals';
import { describeFailure } from './describe-failure.js';
import type { OutboundResponse } from './result.js';

const answered = (status: number): OutboundResponse => ({
  ...{ outcome: 'response', status, headers: {}, body: Buffer.alloc(0), bodyTruncated: false },
  timing: { queuedMs: 0, totalMs: 1 },
});

describe('the description of a failure', () => {
  it.each([200, 204, 299])('given %d, is nothing', (status) => {
    expect(describeFailure(answered(status))).toEqual({});
  });

  it.each([
    [301, /redirects are not followed/],
    [404, /answered 404\.$/],
    [503, /answered 503\.$/],
  ])('given %d, says so', (status, sentence) => {
    expect(describeFailure(answered(status))).toEqual({
      error: 'http_status',
      errorDetail: expect.stringMatching(sentence),
    });
  });

  it('given no answer, is what the sender says', () => {
    const message = 'The server refused the connection.';
    const failure = {
      outcome: 'error',
      code: 'connect_refused',
      message,
      timing: { queuedMs: 0, totalMs: 1 },
    } as const;
    expect(describeFailure(failure)).toEqual({ error: 'connect_refused', errorDetail: message });
  });
});
