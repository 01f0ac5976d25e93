import { describe, expect, it } from '@jest/globals';
import { DEFAULT_RETRY_SCHEDULE } from '@postduif/retry-schedule';
import { directoryOf, fileLocations, isExpectedLine } from '../validation/verification-file.js';
import { DEFAULT_PACE } from './pace.js';
import { TrustedHosts } from './trusted-hosts.js';
import { changedWebhook, newWebhook, toSnapshot, toView } from './webhook.js';

const handler = 'https://example.com/dir/script.php?a=b/c';
const now = new Date('2026-01-15T10:20:30Z');
const around = {
  trusts: () => false,
  newSecret: (id: string) => `sealed-${id}`,
  now,
  origin: 'us.example',
  pace: DEFAULT_PACE,
};
const confirmed = {
  ...newWebhook('1', 'a', { handler, trigger: 'click' }, around),
  validated: true,
  validatedAt: new Date(),
};

describe('a webhook', () => {
  it('has the form format for a trigger of Copernica, and json with a secret for a dotted type', () => {
    expect(newWebhook('1', 'a', { handler, trigger: 'click' }, around)).toMatchObject({ format: 'form', secrets: [] });
    expect(newWebhook('2', 'a', { handler, trigger: 'order.paid' }, around)).toMatchObject({
      format: 'json',
      secrets: ['sealed-2'],
    });
  });

  it('may have any format for any trigger, and a secret only where it is no form', () => {
    const form = newWebhook('1', 'a', { handler, trigger: 'order.paid', format: 'form' }, around);
    expect(form).toMatchObject({ format: 'form', secrets: [] });
    const json = changedWebhook(form, { format: 'json' }, around);
    expect(json).toMatchObject({ format: 'json', secrets: ['sealed-1'] });
    expect(changedWebhook(json, { format: 'cloudevents' }, around).secrets).toEqual(['sealed-1']);
    expect(changedWebhook(json, { trigger: 'click' }, around)).toMatchObject({ format: 'json', secrets: ['sealed-1'] });
    expect(changedWebhook(json, { format: 'form' }, around).secrets).toEqual([]);
  });

  it('keeps secrets that are rotating through other changes, and none with form', () => {
    const until = new Date('2026-01-15T12:00:00Z');
    const json = newWebhook('1', 'a', { handler, trigger: 'order.paid' }, around);
    const rotating = { ...json, secrets: ['new', 'old'], secretEnds: [until] };
    const { secrets, secretEnds } = rotating;
    expect(changedWebhook(rotating, { rate: 5 }, around)).toMatchObject({ secrets, secretEnds });
    expect(changedWebhook(rotating, { format: 'form' }, around)).toMatchObject({ secrets: [], secretEnds: [] });
  });

  it('signs by v1 unless it is told otherwise, and a form by nothing of Standard Webhooks', () => {
    const create = (given: object) => newWebhook('1', 'a', { handler, trigger: 'order.paid', ...given }, around);
    expect(toView(create({})).signature).toBe('v1');
    expect(toView(create({ signature: 'v1a' })).signature).toBe('v1a');
    expect(toSnapshot(create({ signature: 'v1a' })).signature).toBe('v1a');
    expect(toView(create({ format: 'form' })).signature).toBeNull();
    expect(toView(create({ format: 'form', signature: null })).signature).toBeNull();
    for (const signature of ['v1', 'v1a'])
      expect(() => create({ format: 'form', signature })).toThrow(
        /^Invalid data provided: signature: a form is signed/,
      );
    const changed = changedWebhook(create({ signature: 'v1a' }), { format: 'form' }, around);
    expect(toView(changedWebhook(changed, { format: 'json' }, around)).signature).toBe('v1');
  });

  it('with another signature gets a secret of its own, and the old one signs beside it for a day', () => {
    const json = newWebhook('1', 'a', { handler, trigger: 'order.paid' }, around);
    const newSecret = (id: string, signature: string) => `${signature}-${id}`;
    const changed = changedWebhook(json, { signature: 'v1a' }, { ...around, newSecret });
    expect(changed).toMatchObject({ secrets: ['v1a-1', 'sealed-1'], secretEnds: [new Date('2026-01-16T10:20:30Z')] });
    expect(changedWebhook(changed, { rate: 5 }, around)).toMatchObject({ secrets: ['v1a-1', 'sealed-1'] });
  });

  it('says to receivers of CloudEvents, and to no others, what we call ourselves; those who have agreed keep the name', () => {
    const create = (given: object) => newWebhook('1', 'a', { handler, trigger: 'order.paid', ...given }, around);
    expect(toSnapshot(create({}))).not.toHaveProperty('origin');
    const events = create({ format: 'cloudevents' });
    expect(toSnapshot(events).origin).toBe('us.example');
    const renamed = { ...around, origin: 'new.example' };
    expect(changedWebhook(events, {}, renamed).origin).toBe('new.example');
    const agreed = { ...events, validated: true, consent: { at: now, rate: 60 } };
    expect(changedWebhook(agreed, { rate: 5 }, renamed)).toMatchObject({ validated: true, origin: 'us.example' });
    expect(toSnapshot(agreed).allowedRate).toBe(60);
    const moved = changedWebhook(agreed, { handler: `${handler}&c` }, renamed);
    expect(moved).toMatchObject({ validated: false, consent: null, origin: 'new.example' });
    expect(changedWebhook(agreed, { format: 'json' }, renamed)).toMatchObject({ consent: null, origin: null });
  });

  it('when a property is absent, keeps it, and when it is null, goes back to its default', () => {
    const limits = {
      callers: ['ms'],
      database: 1,
      collection: 2,
      fields: ['mail'],
      schedule: [9],
      concurrency: 3,
      rate: 5,
      shards: 4,
    } as const;
    const given = {
      ...limits,
      callers: [...limits.callers],
      fields: [...limits.fields],
      schedule: [...limits.schedule],
    };
    const limited = newWebhook('1', 'a', { handler, trigger: 'update', ...given }, around);
    expect(changedWebhook(limited, {}, around)).toEqual({ ...limited, version: 2 });
    const none = Object.fromEntries(Object.keys(limits).map((name) => [name, null]));
    expect(changedWebhook(limited, none, around)).toMatchObject({
      ...none,
      schedule: DEFAULT_RETRY_SCHEDULE,
      concurrency: around.pace.concurrency,
      shards: 1,
    });
  });

  describe('that is limited to fields', () => {
    const refusal = /^Invalid data provided: fields: .* with `database` or `collection`/;
    const create = (given: object) => newWebhook('1', 'a', { handler, trigger: 'update', ...given }, around);

    it('is refused without a database or collection', () => {
      expect(() => create({ fields: ['mail'] })).toThrow(refusal);
      expect(() => changedWebhook(create({}), { fields: ['mail'] }, around)).toThrow(refusal);
      for (const limit of [{ database: 1 }, { collection: 2 }]) {
        const limited = create({ ...limit, fields: ['mail'] });
        expect(changedWebhook(create(limit), { fields: ['mail'] }, around).fields).toEqual(limited.fields);
        expect(() => changedWebhook(limited, { database: null, collection: null }, around)).toThrow(refusal);
        expect(changedWebhook(limited, { database: null, collection: null, fields: null }, around).fields).toBeNull();
      }
    });

    it('as it could be made before, still changes in anything else', () => {
      const old = { ...create({}), fields: ['a[b]'] };
      expect(changedWebhook(old, { rate: 5 }, around)).toMatchObject({ rate: 5, fields: ['a[b]'] });
      expect(changedWebhook(old, { database: 1 }, around)).toMatchObject({ database: 1, fields: ['a[b]'] });
      for (const touched of [{ fields: ['mail'] }, { database: null }, { collection: null }])
        expect(() => changedWebhook(old, touched, around)).toThrow(refusal);
    });
  });

  it('refuses a handler that is no URL, and a schedule out of bounds', () => {
    const create = (given: object) => () => newWebhook('1', 'a', { handler, trigger: 'order.paid', ...given }, around);
    expect(create({ handler: 'nonsense' })).toThrow(/^Invalid data provided: handler/);
    expect(create({ schedule: [0] })).toThrow(/^Invalid data provided: schedule/);
  });

  it('when only the script or the query changes, stays validated', () => {
    const changed = changedWebhook(confirmed, { handler: 'https://example.com/dir/other.php?x' }, around);
    expect(changed).toMatchObject({ validated: true, verification: confirmed.verification, version: 2 });
  });

  it.each([
    'http://example.com/dir/',
    'https://www.example.com/dir/',
    'https://example.com:8443/dir/',
    'https://example.com/',
  ])('when the handler moves to %s, needs another verification file', (moved) => {
    const changed = changedWebhook(confirmed, { handler: moved }, around);
    expect(changed).toMatchObject({ validated: false, validatedAt: null });
    expect(changed.verification).not.toEqual(confirmed.verification);
    expect(changedWebhook(confirmed, { handler: moved }, { ...around, trusts: () => true }).validated).toBe(true);
  });
});

describe('a verification file', () => {
  it('is looked for beside the script, then at the root', () => {
    expect(fileLocations(handler, 'f.txt')).toEqual(['https://example.com/dir/f.txt', 'https://example.com/f.txt']);
    expect(fileLocations('https://example.com', 'f.txt')).toEqual(['https://example.com/f.txt']);
    expect(directoryOf(handler)).toBe('https://example.com/dir/');
  });

  it('may have a byte order mark and a line break around its line, and nothing else', () => {
    expect(isExpectedLine(Buffer.from('\uFEFFline\r\n'), 'line')).toBe(true);
    expect(isExpectedLine(Buffer.from('line 2'), 'line')).toBe(false);
  });
});

describe('TrustedHosts', () => {
  it('trusts named hosts, and those below a name with an asterisk', () => {
    const hosts = new TrustedHosts(['receiver', '*.example.com']);
    expect(
      ['http://receiver:81/', 'https://a.example.com/', 'https://example.com/', 'https://badexample.com/'].map((url) =>
        hosts.trusts(url),
      ),
    ).toEqual([true, true, false, false]);
  });

  it('takes an address of IPv6 as it stands in a URL, and without its brackets', () => {
    for (const host of ['[::1]', '::1']) expect(new TrustedHosts([host]).trusts('http://[::1]:81/')).toBe(true);
  });
});
