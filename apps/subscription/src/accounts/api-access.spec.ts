import { describe, expect, it } from '@jest/globals';
import type { Access } from '@postduif/access';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from './api-access.js';

const ACCESS: Access = { account: '1234', token: 't', scopes: ['webhooks:read'] };

function given({ queryToken }: { queryToken: boolean }) {
  const access = new ApiAccess(
    {
      accessOf: (token) => Promise.resolve(token === 'good-token' ? ACCESS : undefined),
      accessOfSubject: ({ token }) => Promise.resolve(token === 't' ? ACCESS : undefined),
    },
    {
      verify: (jwt) =>
        Promise.resolve(jwt.startsWith('jwt-of-') ? { account: '1234', token: jwt.slice(7) } : undefined),
    },
    { queryToken },
  );
  const request = (authorization: string | undefined, query: object = {}, url = '/v4/webhooks') =>
    ({ headers: { authorization }, query, url }) as FastifyRequest;
  return { access, request };
}

describe('who calls the API', () => {
  it('given a bearer token with the scope, then it is known whose it is', async () => {
    const { access, request } = given({ queryToken: false });
    for (const call of [access.require.bind(access), access.requireCompatible.bind(access)])
      for (const token of ['good-token', 'jwt-of-t'])
        await expect(call(request(`Bearer ${token}`), 'webhooks:read')).resolves.toEqual(ACCESS);
  });

  it.each([
    [undefined, 'webhooks:read', 'unauthenticated'],
    ['Bearer wrong-token', 'webhooks:read', 'unauthenticated'],
    ['Bearer jwt-of-gone', 'webhooks:read', 'unauthenticated'],
    ['Bearer good-token', 'webhooks:write', 'forbidden'],
  ] as const)('given %p for the scope %s, then it is %s', async (authorization, scope, code) => {
    const { access, request } = given({ queryToken: true });
    for (const call of [access.require.bind(access), access.requireCompatible.bind(access)])
      await expect(call(request(authorization), scope)).rejects.toMatchObject({ code });
  });

  it('given a token in the address, then /v4 takes it only where the operator allows it, older versions always, and our own never', async () => {
    const query = { access_token: 'good-token' };
    const open = given({ queryToken: true });
    await expect(open.access.requireCompatible(open.request(undefined, query), 'webhooks:read')).resolves.toEqual(
      ACCESS,
    );
    const refused = { code: 'unauthenticated' };
    await expect(open.access.require(open.request(undefined, query), 'webhooks:read')).rejects.toMatchObject(refused);
    const shut = given({ queryToken: false });
    await expect(shut.access.requireCompatible(shut.request(undefined, query), 'webhooks:read')).rejects.toMatchObject(
      refused,
    );
    for (const url of ['/v3/webhooks', '/v2/webhooks', '/v1/webhooks'])
      await expect(
        shut.access.requireCompatible(shut.request(undefined, query, url), 'webhooks:read'),
      ).resolves.toEqual(ACCESS);
    const twice = open.request(undefined, { access_token: ['good-token', 'x'] });
    await expect(open.access.requireCompatible(twice, 'webhooks:read')).rejects.toMatchObject(refused);
  });
});
