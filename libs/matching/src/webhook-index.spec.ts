import { describe, expect, it } from '@jest/globals';
import { CALLERS, configKey, eventSchema } from '@postduif/contracts';
import type { ConfigChange, Event, WebhookSnapshot } from '@postduif/contracts';
import fc from 'fast-check';
import { WebhookIndex } from './index.js';

function aWebhook(given: Partial<WebhookSnapshot> = {}): WebhookSnapshot {
  return {
    kind: 'webhook',
    version: 1,
    id: '1',
    account: '1234',
    handler: 'https://hooks.example.org/hook',
    trigger: 'update',
    format: 'form',
    schedule: [5],
    concurrency: 10,
    state: 'enabled',
    validated: true,
    secrets: [],
    ...given,
  };
}

const set = (webhook: WebhookSnapshot): ConfigChange => ({ key: configKey('webhook', webhook.id), snapshot: webhook });
const deletion = (id: string): ConfigChange => ({ key: configKey('webhook', id), snapshot: null });

function anIndex(...changes: ConfigChange[]): WebhookIndex {
  const index = new WebhookIndex();
  for (const change of changes) index.apply(change);
  return index;
}

const base = { id: 'e', time: '2026-01-15T10:20:30Z', account: '1234' };

function anUpdate(given: Record<string, unknown> = {}, parameters: Record<string, unknown> = { mail: 'x' }): Event {
  return eventSchema.parse({ ...base, type: 'update', database: 1, profile: 2, data: { parameters }, ...given });
}

function anOpen(given: Record<string, unknown> = {}): Event {
  const data = { message: 'm', recipient: 'ann@example.com', ip: '203.0.113.9' };
  return eventSchema.parse({ ...base, type: 'open', data, ...given });
}

const isWanted = (webhook: Partial<WebhookSnapshot>, event: Event): boolean =>
  anIndex(set(aWebhook({ trigger: event.type, ...webhook }))).match(event).length === 1;

describe('which events a webhook gets', () => {
  it.each([
    ['an account-wide webhook and an event of any database', {}, anUpdate(), true],
    ['an account-wide webhook and an event without a database', {}, anOpen(), true],
    ['another account', { account: '12' }, anUpdate(), false],
    ['another trigger', { trigger: 'create' }, anUpdate(), false],
    ['a disabled webhook', { state: 'disabled' }, anUpdate(), false],
    ['a handler that is not validated', { validated: false }, anUpdate(), false],
    ['its database', { database: 1 }, anUpdate(), true],
    ['another database', { database: 2 }, anUpdate(), false],
    ['a limit to a database and a message of unknown database', { database: 1 }, anOpen(), false],
    ['a limit to a database and a message of it', { database: 1 }, anOpen({ database: 1 }), true],
    ['a limit to a collection and a profile', { collection: 3 }, anUpdate(), false],
    ['a limit to a collection and its subprofile', { collection: 3 }, anUpdate({ subprofile: 9, collection: 3 }), true],
    ['a limit to a collection and another one', { collection: 3 }, anUpdate({ subprofile: 9, collection: 4 }), false],
    ['a limit to a collection and a message to it', { collection: 3 }, anOpen({ collection: 3, subprofile: 9 }), true],
    ['a limit to a database and a subprofile in it', { database: 1 }, anUpdate({ subprofile: 9, collection: 3 }), true],
    ['no limit to callers and an event without one', {}, anUpdate(), true],
    ['no limit to callers and an event with one', {}, anUpdate({ caller: 'import' }), true],
    ['a limit to callers and one of them', { callers: ['ms', 'rest'] }, anUpdate({ caller: 'rest' }), true],
    ['a limit to callers and another one', { callers: ['ms', 'rest'] }, anUpdate({ caller: 'soap' }), false],
    ['a limit to callers and an event without one', { callers: ['ms'] }, anUpdate(), false],
    ['an empty list of callers', { callers: [] }, anUpdate(), true],
    ['a limit to fields and one of them changed', { fields: ['name', 'mail'] }, anUpdate(), true],
    ['a limit to fields and others changed', { fields: ['name'] }, anUpdate(), false],
    ['a limit to fields and nothing changed', { fields: ['name'] }, anUpdate({}, {}), false],
    ['a limit to fields and a field that was emptied', { fields: ['name'] }, anUpdate({}, { name: null }), true],
    ['a limit to a name that every object has', { fields: ['constructor'] }, anUpdate(), false],
    ['an empty list of fields', { fields: [] }, anUpdate(), true],
    ['a limit to fields and another trigger than update', { fields: ['name'] }, anOpen(), true],
  ] as const)('given %s, then it fits or not', (_, webhook, event, fits) => {
    expect(isWanted(webhook as Partial<WebhookSnapshot>, event)).toBe(fits);
  });

  it("given a webhook for a type of one's own, then it gets events of just that type", () => {
    const index = anIndex(set(aWebhook({ trigger: 'invoice.paid' })));
    const event = (type: string): Event => eventSchema.parse({ ...base, type, data: {} });
    expect(index.match(event('invoice.paid'))).toHaveLength(1);
    expect(index.match(event('invoice.paid.late'))).toHaveLength(0);
  });
});

describe('changes of the configuration', () => {
  it('given several webhooks for one event, then all of them get it', () => {
    const index = anIndex(set(aWebhook({ id: '1' })), set(aWebhook({ id: '2' })), set(aWebhook({ id: '3' })));
    expect(index.match(anUpdate()).map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('given a webhook that was deleted, then it gets nothing and is not counted', () => {
    const index = anIndex(set(aWebhook()), deletion('1'), deletion('never-there'));
    expect(index.match(anUpdate())).toEqual([]);
    expect(index.size).toBe(0);
  });

  it('given a webhook that changed its trigger, then it gets only the new one', () => {
    const index = anIndex(set(aWebhook()), set(aWebhook({ version: 2, trigger: 'open' })));
    expect(index.match(anUpdate())).toEqual([]);
    expect(index.match(anOpen())).toHaveLength(1);
    expect(index.size).toBe(1);
  });

  it('given an older version after a newer one, as from a restored backup, then the last one counts', () => {
    const index = anIndex(set(aWebhook({ version: 2, state: 'disabled' })), set(aWebhook({ version: 1 })));
    expect(index.match(anUpdate())).toHaveLength(1);
  });

  it('given records of other kinds, then they are ignored', () => {
    const index = anIndex(
      set(aWebhook()),
      { key: 'heartbeat', snapshot: { kind: 'heartbeat', version: 1, at: '2026-01-15T10:20:30Z' } },
      { key: configKey('account', '1'), snapshot: null },
      { key: configKey('signing-key', '1'), snapshot: null },
    );
    expect(index.match(anUpdate())).toHaveLength(1);
  });
});

/** The rules, in the words of the specification and one after the other; no index. */
function shouldGet(webhook: WebhookSnapshot, event: Event): boolean {
  if (webhook.account !== event.account || webhook.trigger !== event.type) return false;
  if (webhook.state === 'disabled' || !webhook.validated) return false;
  // "With `database`: only that database."
  if (webhook.database !== undefined && event.database !== webhook.database) return false;
  // "With `collection`: only subprofiles of that collection (message events too)."
  if (webhook.collection !== undefined && event.collection !== webhook.collection) return false;
  // "Who may trigger it; omitted = all."
  if (webhook.callers?.length && !webhook.callers.some((caller) => caller === event.caller)) return false;
  if (event.type !== 'update' || !webhook.fields?.length) return true;
  const changed = new Set(Object.keys(event.data.parameters));
  return webhook.fields.some((field) => changed.has(field));
}

describe('any history of changes and any event', () => {
  const account = fc.constantFrom('1', '2');
  const trigger = fc.constantFrom('create', 'update', 'open', 'invoice.paid');
  const number = fc.integer({ min: 1, max: 2 });
  const name = fc.constantFrom('name', 'mail', 'city');
  const webhook = fc
    .record(
      {
        id: fc.constantFrom('1', '2', '3', '4', '5', '6'),
        version: fc.integer({ min: 1, max: 3 }),
        account,
        trigger,
        state: fc.constantFrom('enabled' as const, 'enabled' as const, 'disabled' as const),
        validated: fc.constantFrom(true, true, false),
        database: number,
        collection: number,
        callers: fc.uniqueArray(fc.constantFrom(...CALLERS), { maxLength: 4 }),
        fields: fc.uniqueArray(name, { maxLength: 2 }),
      },
      { requiredKeys: ['id', 'version', 'account', 'trigger', 'state', 'validated'] },
    )
    .map((given) => aWebhook(given as Partial<WebhookSnapshot>));
  const change = fc.oneof(
    { weight: 5, arbitrary: webhook.map(set) },
    { weight: 1, arbitrary: fc.constantFrom('1', '2', '3', '4', '5', '6').map(deletion) },
  );
  const ids = fc.oneof(
    fc.record({ database: number, profile: fc.constant(1) }),
    fc.record({ database: number, profile: fc.constant(1), subprofile: fc.constant(2), collection: number }),
  );
  const caller = fc.option(fc.constantFrom(...CALLERS), { nil: undefined });
  const event = fc
    .tuple(account, trigger, ids, caller, fc.dictionary(name, fc.constant('x')))
    .map(([owner, type, attributes, cause, parameters]) => {
      const common = { ...attributes, account: owner, caller: cause };
      if (type === 'open') return anOpen(common);
      return eventSchema.parse({ ...base, ...common, type, data: type.includes('.') ? {} : { parameters } });
    });

  it('given both, then exactly the webhooks match that the specification names', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), event, (changes, given) => {
        const latest = new Map<string, WebhookSnapshot>();
        for (const { key, snapshot } of changes) {
          const id = key.slice('webhook/'.length);
          if (snapshot === null) latest.delete(id);
          else if (snapshot.kind === 'webhook') latest.set(id, snapshot);
        }
        const expected = [...latest.values()].filter((one) => shouldGet(one, given)).map(({ id }) => id);
        const index = anIndex(...changes);
        const matched = index.match(given).map(({ id }) => id);
        expect(matched.sort()).toEqual(expected.sort());
        expect(index.size).toBe(latest.size);
      }),
      { numRuns: 500 },
    );
  });
});
