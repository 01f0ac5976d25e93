import { describe, expect, it } from '@jest/globals';
import { answerHandshake } from './index.js';

const asking = (origin: string) => ({
  method: 'OPTIONS',
  headers: { 'WebHook-Request-Origin': origin, 'WebHook-Request-Rate': '120' },
});

describe('the handshake of CloudEvents', () => {
  it('given a sender that may deliver, then it and the rate are allowed', () => {
    const options = { origins: ['other.example', 'webhooks.example.com'], requestsPerMinute: 600 };
    expect(answerHandshake(asking('Webhooks.Example.com'), options)).toEqual({
      status: 200,
      headers: { Allow: 'POST', 'WebHook-Allowed-Origin': 'Webhooks.Example.com', 'WebHook-Allowed-Rate': '600' },
    });
  });

  it('given any sender and no rate, then both are stars', () => {
    expect(answerHandshake(asking('webhooks.example.com'), { origins: '*' })?.headers).toMatchObject({
      'WebHook-Allowed-Origin': '*',
      'WebHook-Allowed-Rate': '*',
    });
  });

  it('given a sender that may not, then nothing in the answer allows it', () => {
    const answer = answerHandshake(asking('evil.example'), { origins: ['webhooks.example.com'] });
    expect(answer).toEqual({ status: 403, headers: { Allow: 'POST' } });
  });

  it.each([
    ['a delivery', { ...asking('webhooks.example.com'), method: 'POST' }],
    ['OPTIONS of a browser', { method: 'OPTIONS', headers: { origin: 'https://webhooks.example.com' } }],
  ])('given %s, then it is none', (_what, request) => {
    expect(answerHandshake(request, { origins: '*' })).toBeUndefined();
  });
});
