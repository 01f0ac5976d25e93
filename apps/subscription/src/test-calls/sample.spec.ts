import { describe, expect, it } from '@jest/globals';
import { COPERNICA_TRIGGERS, parseEvent, SAMPLE_SUBJECTS } from '@postduif/contracts';
import type { Event, SampleSubject } from '@postduif/contracts';
import { encode } from '@postduif/payload-encoding';
import { sampleFor } from './sample.js';

const UNLIMITED = { database: null, collection: null, fields: null };

function eventOf(webhook: Parameters<typeof sampleFor>[0], about?: SampleSubject): Event {
  const { ids, data } = sampleFor(webhook, about);
  const parsed = parseEvent({
    ...{ id: 'test', time: '2026-01-15T10:20:30Z', account: '1', type: webhook.trigger, ...ids, data },
  });
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
}

describe('the sample of a trigger', () => {
  it.each(COPERNICA_TRIGGERS.flatMap((trigger) => SAMPLE_SUBJECTS.map((about) => [trigger, about] as const)))(
    'of %s about a %s is an event by the contract, and can be rendered',
    (trigger, about) => {
      const event = eventOf({ ...UNLIMITED, trigger }, about);
      const form = new URLSearchParams(encode('form', event).body.toString());
      expect([form.get('type'), form.get('profile'), form.has('subprofile')]).toEqual([
        ...[trigger, '123', about === 'subprofile'],
      ]);
      expect(encode('json', event).body.toString()).toContain(`"type":"${trigger}"`);
    },
  );

  it('is of the database and collection that the webhook is limited to', () => {
    const limits = { database: 71, collection: 72, fields: null };
    expect(sampleFor({ ...limits, trigger: 'open' }).ids).toMatchObject({
      database: 71,
      collection: 72,
      subprofile: 456,
    });
    expect(sampleFor({ ...limits, trigger: 'invoice.paid' }).ids).toEqual({ database: 71, collection: 72 });
  });

  it('of an update changes the fields that the webhook waits for', () => {
    const { data } = eventOf({ ...UNLIMITED, trigger: 'update', fields: ['phone', 'odd[name]'] });
    expect(data).toMatchObject({
      parameters: { phone: 'changed' },
      fields: { mail: 'ann@example.com', phone: 'changed' },
    });
  });

  it('about a profile, for a webhook of a collection, is refused', () => {
    expect(() => sampleFor({ ...UNLIMITED, collection: 72, trigger: 'create' }, 'profile')).toThrow(/only subprofiles/);
  });
});
