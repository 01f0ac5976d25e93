import { describe, expect, it } from '@jest/globals';
import { ApiError } from '@postduif/contracts';
import { toContent } from './test-message.js';
import type { TestRequestMessage } from './test-message.js';

const NOTHING = { id: '1', about: 'ABOUT_UNSPECIFIED' };
const withData = (json: string): TestRequestMessage => ({ ...NOTHING, event: { data_json: json } });

function placesOf(request: TestRequestMessage): string[] {
  try {
    toContent(request);
  } catch (error) {
    if (error instanceof ApiError) return (error.options.errors ?? []).map(({ path }) => path);
    throw error;
  }
  return [];
}

describe('the content of a test over gRPC', () => {
  it.each([
    ['nothing', NOTHING, { kind: 'sample', about: undefined }],
    ['whom it is about', { ...NOTHING, about: 'ABOUT_SUBPROFILE' }, { kind: 'sample', about: 'subprofile' }],
    ['data', withData('{"ip":"::1"}'), { kind: 'event', ids: {}, data: { ip: '::1' } }],
    [
      'ids, and 0 for one to leave out',
      { ...NOTHING, event: { data_json: '', profile: 7, mailing: 0 } },
      { kind: 'event', ids: { profile: 7, mailing: null }, data: {} },
    ],
    [
      'bytes',
      { ...NOTHING, body: { content: Buffer.from([0, 255]), content_type: 'text/plain' } },
      { kind: 'body', body: Buffer.from([0, 255]), contentType: 'text/plain' },
    ],
  ])('given %s, is understood', (_what, request, expected) => {
    expect(toContent(request)).toEqual(expected);
  });

  it.each([
    ['JSON that is none', withData('{'), 'event.data_json'],
    ['JSON that is no object', withData('[1]'), 'event.data_json'],
    ['JSON too deep for an event', withData(`${'{"a":'.repeat(64)}1${'}'.repeat(64)}`), 'event.data_json'],
    ['an id that is none', { ...NOTHING, event: { data_json: '', profile: -1 } }, 'event.profile'],
    ['no bytes', { ...NOTHING, body: { content: Buffer.alloc(0), content_type: '' } }, 'body.content'],
    [
      'a type that is none',
      { ...NOTHING, body: { content: Buffer.from('x'), content_type: 'x' } },
      'body.content_type',
    ],
    ['a subject for a body', { ...NOTHING, about: 1, body: { content: Buffer.from('x'), content_type: '' } }, 'about'],
    ['a subject that is unknown', { ...NOTHING, about: 9 }, 'about'],
  ])('given %s, is refused, and says where', (_what, request, place) => {
    expect(placesOf(request)[0]).toBe(place);
  });
});
