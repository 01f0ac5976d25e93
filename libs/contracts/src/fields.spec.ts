import { describe, expect, it } from '@jest/globals';
import { createAccount, updateAccount } from './account-api.js';
import { eventTypeName, putEventType } from './event-type-api.js';
import { fieldErrors, plainMessage } from './fields.js';
import { createField, createTitled } from './registry-api.js';
import { testCall } from './test-api.js';
import { createToken } from './token-api.js';

const HALF = '\ud800';

describe('text of a caller', () => {
  it.each([
    ["an account's name", updateAccount, { name: HALF }, 'name'],
    ["a new account's name", createAccount, { id: '1', name: `a${HALF}` }, 'name'],
    ["a token's name", createToken, { name: HALF, scopes: ['webhooks:read'] }, 'name'],
    ["a database's name", createTitled, { name: HALF }, 'name'],
    ["a field's name", createField, { name: HALF }, 'name'],
    ["an event type's description", putEventType, { description: HALF }, 'description'],
    ['the body of a test', testCall, { body: HALF }, 'body'],
  ])('given half of a surrogate pair in %s, then says that it is no character', (_, schema, given, path) => {
    const { error } = schema.safeParse(given, { error: plainMessage });
    expect(error && fieldErrors(error)).toEqual([
      { path, message: 'may not hold half of a surrogate pair (\\ud800 to \\udfff), which is no character' },
    ]);
  });

  it('given whole pairs, takes them', () => {
    expect(updateAccount.parse({ name: '😀' })).toEqual({ name: '😀' });
  });
});

describe('the name of an event type', () => {
  it('given a trigger of Copernica, says why it cannot be one', () => {
    const { error } = eventTypeName.safeParse('create', { error: plainMessage });
    expect(error && fieldErrors(error).map(({ message }) => message)).toEqual([
      'must be a dotted type such as `invoice.paid`',
      'is a trigger of Copernica, whose data is described already: choose a name of your own',
    ]);
  });
});
