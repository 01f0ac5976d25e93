import { describe, expect, it } from '@jest/globals';
import { isCompatible, versionOf } from './versions.js';

describe('the versions of the API', () => {
  it.each([
    ['/v4/webhooks', 'v4', true],
    ['/v3/webhook/1?access_token=x', 'v3', true],
    ['/v2', 'v2', true],
    ['/authenticate', 'v4', true],
    ['/v1/webhooks?start=1', 'v1', true],
    ['/v1/webhook/1', 'v1', true],
    ['/v1/feedbackloops', 'v1', true],
    ['/v1/feedbackloop/1', 'v1', true],
    ['/v1/logfiles/2026-01-15', 'v1', true],
    ['/v1/webhooks/1/secret', 'v1', false],
    ['/v1/webhookery', 'v1', false],
    ['/v1/account', 'v1', false],
    ['/v5/webhooks', 'v5', false],
    ['/v44/webhooks', 'v44', false],
    ['/ready', 'v4', false],
  ])('given %s, then it is %s, and compatible: %s', (url, version, compatible) => {
    expect([versionOf({ url }), isCompatible(url)]).toEqual([version, compatible]);
  });
});
