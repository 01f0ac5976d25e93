import { describe, expect, it } from '@jest/globals';
import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { ApiAccess } from './api-access.js';
import type { ApiAccessOptions } from './api-access.js';

const ACCESS: Access = { account: '1234', token: 't', scopes: ['webhooks:read'] };

function given({ queryToken = false, limits }: Partial<ApiAccessOptions>) {
  const lookedUp: string[] = [];
  const good = new Set(['good-token']);
  const access = new ApiAccess(
    {
      accessOf: (token) => {
        lookedUp.push(token);
        return Promise.resolve(good.has(token) ? ACCESS : undefined);
      },
      accessOfSubject: ({ token }) => {
        lookedUp.push(`of ${token}`);
        return Promise.resolve(token === 't' ? ACCESS : undefined);
      },
    },
    {
      verify: (jwt) =>
        Promise.resolve(jwt.startsWith('jwt-of-') ? { account: '1234', token: jwt.slice(7) } : undefined),
    },
    { queryToken, ...(limits && { limits }) },
  );
  const request = (authorization: string | undefined, query: object = {}, url = '/v4/webhooks') =>
    ({ headers: { authorization }, query, url, ip: '192.0.2.1' }) as FastifyRequest;
  return { access, request, lookedUp, good };
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

  describe('from an address that has sent as much as it may', () => {
    const spent = new Set<string>();
    const limits: ApiAccessOptions['limits'] = {
      spend: (caller) => (spent.has(caller) ? Promise.reject(new ApiError('rate_limited')) : Promise.resolve()),
    };
    const limited = async () => {
      spent.clear();
      const { request, access, ...rest } = given({ limits });
      const call = (token: string) => access.require(request(`Bearer ${token}`));
      const exchange = (token: string | undefined) => access.requireToken(request(undefined), token);
      await call('good-token');
      spent.add('address 192.0.2.1');
      rest.lookedUp.length = 0;
      return { call, exchange, ...rest };
    };
    const refused = { code: 'rate_limited' };

    it('given a token that is not known to be good, then it is refused without being looked up', async () => {
      const { call, exchange, lookedUp } = await limited();
      for (const token of ['wrong-token', 'x.y.z']) {
        await expect(call(token)).rejects.toMatchObject(refused);
        await expect(exchange(token)).rejects.toMatchObject(refused);
      }
      await expect(exchange(undefined)).rejects.toMatchObject(refused);
      expect(lookedUp).toEqual([]);
    });

    it('given one that was good before, or a JWT that is new, then it is looked up, and counted by itself', async () => {
      const { call, exchange, lookedUp } = await limited();
      for (const token of ['good-token', 'jwt-of-t']) await expect(call(token)).resolves.toEqual(ACCESS);
      await expect(exchange('good-token')).resolves.toEqual(ACCESS);
      expect(lookedUp).toEqual(['good-token', 'of t', 'good-token']);
    });

    it('given one that has been used as much as it may, too, then it is refused without being looked up', async () => {
      const { call, exchange, lookedUp } = await limited();
      spent.add('token t');
      for (const token of ['good-token', 'jwt-of-t']) await expect(call(token)).rejects.toMatchObject(refused);
      await expect(exchange('good-token')).rejects.toMatchObject(refused);
      expect(lookedUp).toEqual([]);
    });

    it('given one that was taken back, then it is looked up once more, and not again', async () => {
      const { call, lookedUp, good } = await limited();
      good.clear();
      await expect(call('good-token')).rejects.toMatchObject({ code: 'unauthenticated' });
      await expect(call('good-token')).rejects.toMatchObject(refused);
      expect(lookedUp).toEqual(['good-token']);
    });

    it('given very many others since, then one that is used is still known', async () => {
      const { call, good } = await limited();
      spent.clear();
      for (let other = 0; other < 15_000; other++) {
        good.add(`other-${other}`);
        await call(`other-${other}`);
        if (other % 9_000 === 0) await call('good-token');
      }
      spent.add('address 192.0.2.1');
      await expect(call('good-token')).resolves.toEqual(ACCESS);
      await expect(call('other-0')).rejects.toMatchObject(refused);
    });
  });

  it('given a JWT where only a token will do, then it is refused', async () => {
    const { access, request } = given({});
    await expect(access.requireToken(request(undefined), 'jwt-of-t')).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });
});
