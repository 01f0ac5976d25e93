import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { parseEncryptionKeys } from '@postduif/signing';
import { Database } from '../database/database.js';
import { silent } from '../testing/test-database.js';
import { JwtIssuer } from './jwt-issuer.js';

it('given what is no JWT while the key is not there yet, then it is known to be none', async () => {
  const database = new Database('postgres://127.0.0.1:9/absent', silent);
  const issuer = new JwtIssuer(database, parseEncryptionKeys(randomBytes(32).toString('base64')));
  expect(await issuer.verify('pd_token')).toBeUndefined();
  await expect(issuer.verify('a.b.c')).rejects.toMatchObject({ code: 'store_unavailable' });
});
