import { describe, expect, it } from '@jest/globals';
import { accountEntry } from '../testing/account-entry.js';
import { KnownAccounts } from './known-accounts.js';

const PATIENCE_MS = 60_000;

describe('known accounts', () => {
  it('given an account that comes later, those who wait for it go on in their order', async () => {
    const accounts = new KnownAccounts();
    const order: string[] = [];
    const waits = ['first', 'second'].map(async (name) => {
      expect(await accounts.whenKnown('7', PATIENCE_MS)).toBe(true);
      order.push(name);
    });
    accounts.apply('heartbeat', Buffer.from('{}'));
    accounts.apply(...accountEntry('7'));
    await Promise.all(waits);
    expect(order).toEqual(['first', 'second']);
    expect(await accounts.whenKnown('7', 0)).toBe(true);
  });

  it('given an account that does not come, answers after the time', async () => {
    expect(await new KnownAccounts().whenKnown('7', 1)).toBe(false);
  });

  it('given a snapshot that cannot be read, throws and keeps what it knew', () => {
    const accounts = new KnownAccounts();
    accounts.apply(...accountEntry('7'));
    expect(() => {
      accounts.apply('account/7', Buffer.from('{'));
    }).toThrow();
    expect(accounts.has('7')).toBe(true);
    accounts.apply('account/7', null);
    expect(accounts.has('7')).toBe(false);
  });
});
