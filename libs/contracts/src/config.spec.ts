import { describe, expect, it } from '@jest/globals';
import { configKey, HEARTBEAT_KEY, parseConfigRecord, SCOPES } from './config.js';
import type { ConfigSnapshot } from './config.js';

const snapshots: Record<string, ConfigSnapshot> = {
  [configKey('account', '1234')]: {
    kind: 'account',
    version: 3,
    id: '1234',
    name: 'Bakkerij Jansen',
    tokens: [{ id: '1', hash: 'a'.repeat(64), scopes: [...SCOPES] }],
    copernicaId: 'account_1234',
  },
  [configKey('webhook', '12')]: {
    kind: 'webhook',
    version: 1,
    id: '12',
    account: '1234',
    handler: 'https://hooks.example.org/a?b=%2F',
    trigger: 'update',
    callers: ['ms', 'publisher'],
    database: 1,
    collection: 2,
    fields: ['email'],
    format: 'form',
    schedule: [5, 60],
    concurrency: 10,
    rate: 0.5,
    state: 'enabled',
    validated: true,
    secrets: [],
  },
  [configKey('signing-key', '3')]: {
    kind: 'signing-key',
    version: 2,
    id: '3',
    keyId: 'wh202601._domainkey.example.org',
    state: 'active',
    publicKey: 'public',
    privateKey: 'sealed',
  },
  [HEARTBEAT_KEY]: { kind: 'heartbeat', version: 9, at: '2026-01-15T10:20:30Z' },
};

describe('records of the topic config', () => {
  it.each(Object.entries(snapshots))('given %s, reads back what was written', (key, snapshot) => {
    expect(parseConfigRecord(key, Buffer.from(JSON.stringify(snapshot)))).toEqual({ key, snapshot });
  });

  it('given secrets with ends and without, as they were before there were ends, reads both', () => {
    const webhook = { ...snapshots['webhook/12'], format: 'json', secrets: ['new', 'old'] };
    const read = (given: object) => parseConfigRecord('webhook/12', Buffer.from(JSON.stringify(given))).snapshot;
    expect(read(webhook)).toEqual(webhook);
    const rotating = { ...webhook, secretEnds: ['2026-01-15T10:20:30.000Z'] };
    expect(read(rotating)).toEqual(rotating);
  });

  it('given a tombstone, is a deletion', () => {
    expect(parseConfigRecord('webhook/12', null)).toEqual({ key: 'webhook/12', snapshot: null });
  });

  it.each([
    ['no JSON', 'x'],
    ['an unknown kind', '{"kind":"colour","version":1}'],
    ['a webhook without a handler', JSON.stringify({ ...snapshots['webhook/12'], handler: undefined })],
    [
      'a token that is not hashed',
      JSON.stringify({ ...snapshots['account/1234'], tokens: [{ id: '1', hash: 'pd_x', scopes: [] }] }),
    ],
  ])('given %s, throws', (_case, value) => {
    expect(() => parseConfigRecord('k', Buffer.from(value))).toThrow();
  });
});
