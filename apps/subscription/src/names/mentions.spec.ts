import { describe, expect, it } from '@jest/globals';
import { parseEvent } from '@postduif/contracts';
import { isStorable, mentionsOf } from './mentions.js';

const ATTRIBUTES = { id: 'e', time: '2026-01-15T10:20:30Z', account: '1234' };

/** The event as it stands on the topic `events`. */
function mentioned(event: object) {
  const parsed = parseEvent({ ...ATTRIBUTES, ...event });
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return mentionsOf(JSON.stringify(parsed.event));
}

const account = '1234';
const data = {
  parameters: { mail: 'a@example.com', 'red wine': 1 },
  fields: { mail: 'a@example.com', 'Postal code': '1012 AB' },
};

describe('what an event mentions', () => {
  it('given a profile, then its database, the fields and the interests, and not what the parameters mix', () => {
    const interests = [{ name: 'red wine', group: 'drinks' }, 'kaas'];
    expect(mentioned({ type: 'update', database: 1, profile: 3, data: { ...data, interests } })).toEqual([
      { account, kind: 'database', place: '', id: 1 },
      { account, kind: 'field', place: 'database/1', name: 'mail' },
      { account, kind: 'field', place: 'database/1', name: 'Postal code' },
      { account, kind: 'interest', place: 'database/1', name: 'red wine', group: 'drinks' },
      { account, kind: 'interest', place: 'database/1', name: 'kaas' },
    ]);
  });

  it('given a subprofile, then its collection in its database, and the fields in the collection', () => {
    const event = {
      type: 'delete',
      database: 1,
      collection: 2,
      profile: 3,
      subprofile: 4,
      data: { fields: { sku: 'x' } },
    };
    expect(mentioned(event)).toEqual([
      { account, kind: 'database', place: '', id: 1 },
      { account, kind: 'collection', place: 'database/1', id: 2 },
      { account, kind: 'field', place: 'collection/2', name: 'sku' },
    ]);
  });

  it('given a type of its own, then only the ids beside the data', () => {
    const event = { type: 'invoice.paid', database: 1, data: { fields: { amount: 3 }, interests: [{ name: 'x' }] } };
    expect(mentioned(event)).toEqual([{ account, kind: 'database', place: '', id: 1 }]);
    expect(mentioned({ ...event, data: { fields: 'none', interests: 7 } })).toHaveLength(1);
  });

  it('given no database, then nothing, even with a collection', () => {
    expect(mentioned({ type: 'invoice.paid', collection: 2, data: {} })).toEqual([]);
  });

  it.each(['{', '[]', 'null', '{"account":"a b","type":"x.y","data":{}}'])('given %s, then it throws', (json) => {
    expect(() => mentionsOf(json)).toThrow();
  });

  it.each([
    ['mail', true],
    ['Straße (äöü) 🎉', true],
    ['a[b', false],
    ['a\nb', false],
    ['\ud800', false],
    ['', false],
    ['x'.repeat(256), false],
  ])('takes the name %j for one that a receiver can read back: %s', (name, storable) => {
    expect(isStorable({ account, kind: 'field', place: 'database/1', name })).toBe(storable);
    expect(isStorable({ account, kind: 'interest', place: 'database/1', name: 'x', group: name })).toBe(storable);
  });
});
