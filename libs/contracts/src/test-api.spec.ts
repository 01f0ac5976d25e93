import { describe, expect, it } from '@jest/globals';
import { fieldErrors, plainMessage } from './fields.js';
import { testCall } from './test-api.js';

function pathsOf(given: unknown): string[] {
  const { error } = testCall.safeParse(given, { error: plainMessage });
  return error === undefined ? [] : fieldErrors(error).map(({ path }) => path);
}

describe('the call of a test', () => {
  it.each([
    ['nothing', {}, { kind: 'sample', about: undefined }],
    ["nothing, as Copernica's own class sends it", [], { kind: 'sample', about: undefined }],
    ['whom it is about', { about: 'subprofile' }, { kind: 'sample', about: 'subprofile' }],
    ['an id', { profile: '7' }, { kind: 'event', ids: { profile: 7 }, data: {} }],
    ['an id to leave out', { mailing: null }, { kind: 'event', ids: { mailing: null }, data: {} }],
    ['data', { data: { ip: '::1' } }, { kind: 'event', ids: {}, data: { ip: '::1' } }],
    ['a body', { body: 'é=1' }, { kind: 'body', body: Buffer.from('é=1') }],
    [
      'bytes',
      { bodyBase64: '/wA=', contentType: 'text/plain; charset=latin1' },
      {
        ...{ kind: 'body', body: Buffer.from([255, 0]), contentType: 'text/plain; charset=latin1' },
      },
    ],
  ])('given %s, is understood', (_what, given, expected) => {
    expect(testCall.parse(given)).toEqual(expected);
  });

  it.each([
    ['a body and data', { body: 'x', data: {} }, 'body'],
    ['a body and an id', { bodyBase64: 'eA==', profile: 1 }, 'body'],
    ['two bodies', { body: 'x', bodyBase64: 'eA==' }, 'bodyBase64'],
    ['a type without a body', { contentType: 'text/plain' }, 'contentType'],
    ['a type of two lines', { body: 'x', contentType: 'text/plain\r\nX-Evil: 1' }, 'contentType'],
    ['no body', { body: '' }, 'body'],
    ['bytes that are none', { bodyBase64: '!' }, 'bodyBase64'],
    ['data that is a list', { data: [1] }, 'data'],
    ['an id that is none', { profile: 0 }, 'profile'],
    ['a misspelt name', { dta: {} }, 'dta'],
    ['whom it cannot be about', { about: 'mailing' }, 'about'],
    ['a list', [1], ''],
  ])('given %s, is refused, and says where', (_what, given, path) => {
    expect(pathsOf(given)[0]).toBe(path);
  });
});
