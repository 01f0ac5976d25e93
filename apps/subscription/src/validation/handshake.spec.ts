import { describe, expect, it } from '@jest/globals';
import { readAnswer } from './handshake.js';

const ORIGIN = 'webhooks.example';
const answer = (allowedOrigin?: string, allowedRate?: string) =>
  readAnswer(
    {
      ...(allowedOrigin === undefined ? {} : { 'webhook-allowed-origin': allowedOrigin }),
      ...(allowedRate === undefined ? {} : { 'webhook-allowed-rate': allowedRate }),
    },
    ORIGIN,
  );

describe('the answer to a handshake', () => {
  it.each([
    [ORIGIN, '120', 120],
    ['WebHooks.Example', '1', 1],
    ['*', '*', null],
    [' * ', ' 100 ', 100],
    ['*', undefined, null],
    ['*', '99999999999999999999', null],
  ])('given the origin %j and the rate %j, then it is granted at %s', (origin, rate, allowedRate) => {
    expect(answer(origin, rate)).toEqual({ granted: true, allowedOrigin: origin.trim(), allowedRate });
  });

  it.each([
    [undefined, '*', 'origin_missing'],
    ['', '*', 'origin_missing'],
    ['other.example', '*', 'origin_mismatch'],
    ['sub.webhooks.example', '*', 'origin_mismatch'],
    [`${ORIGIN}, other.example`, '*', 'origin_mismatch'],
    ['null', '*', 'origin_mismatch'],
    ['*', '0', 'rate_malformed'],
    ['*', '-1', 'rate_malformed'],
    ['*', '1.5', 'rate_malformed'],
    ['*', 'fast', 'rate_malformed'],
    ['*', '', 'rate_malformed'],
  ])('given the origin %j and the rate %j, then it is not granted: %s', (origin, rate, error) => {
    expect(answer(origin, rate)).toMatchObject({ granted: false, error, message: expect.stringMatching(/^\S.*\.$/) });
  });
});
