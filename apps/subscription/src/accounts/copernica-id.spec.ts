import { describe, expect, it } from '@jest/globals';
import { updateAccount } from '@postduif/contracts';
import { copernicaIdOf, partsOf } from './copernica-id.js';

describe('X-Copernica-ID', () => {
  it.each([
    ['1234', undefined, 'account_1234'],
    ['1234', { prefix: 'environment', separator: '_' }, 'environment_1234'],
    ['1234', { prefix: 'Account', separator: '-' }, 'Account-1234'],
    ['a-b_c', { prefix: 'account', separator: '-' }, 'account-a-b_c'],
  ])('of %s with the form %j is %s, and can be taken apart', (account, form, value) => {
    expect(copernicaIdOf(account, form)).toBe(value);
    expect(partsOf(account, value)).toEqual({ prefix: 'account', separator: '_', ...form, value });
  });

  it.each([
    { prefix: '', separator: '_' },
    { prefix: 'account_', separator: '_' },
    { prefix: 'account\r\nX: y', separator: '_' },
    { prefix: 'a'.repeat(33), separator: '_' },
    { prefix: 'account', separator: '' },
    { prefix: 'account', separator: ':' },
    { prefix: 'account' },
  ])('may not have the form %j', (copernicaId) => {
    expect(updateAccount.safeParse({ copernicaId }).success).toBe(false);
  });
});
