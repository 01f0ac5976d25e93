import { hashToken } from '@postduif/access';
import { configKey } from '@postduif/contracts';
import type { AccountSnapshot, Scope } from '@postduif/contracts';

/** Key and value on `config` of an account, with a token or without. */
export function accountEntry(id: string, token?: string, scopes: Scope[] = ['events:write']): [string, Buffer] {
  const snapshot: AccountSnapshot = {
    kind: 'account',
    version: 1,
    id,
    name: `Account ${id}`,
    tokens: token === undefined ? [] : [{ id: `token-of-${id}`, hash: hashToken(token), scopes }],
    copernicaId: `account_${id}`,
  };
  return [configKey('account', id), Buffer.from(JSON.stringify(snapshot))];
}
