import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiError } from '@postduif/contracts';
import { Health, sendProblem } from '@postduif/service';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { ManagementPort } from './management-port.js';

describe('the management port', () => {
  let door: FastifyInstance;
  let management: ManagementPort;
  let missing: true | string;
  let [open, own] = ['', ''];

  beforeEach(async () => {
    missing = true;
    const health = new Health();
    health.add({ name: 'database', ready: () => missing });
    door = fastify();
    door.setErrorHandler((error, _request, reply) => {
      sendProblem(reply, error as ApiError);
    });
    management = new ManagementPort(door, health);
    door.get('/metrics', () => 'figures');
    door.get('/ready', () => health.ready());
    door.get('/live', () => health.live());
    door.get('/v1/thing', () => 'thing');
    open = await door.listen({ host: '127.0.0.1', port: 0 });
    own = `http://127.0.0.1:${await management.listen('127.0.0.1', 0)}`;
  });

  afterEach(async () => {
    management.close();
    await door.close();
  });

  const get = async (address: string) => {
    const answer = await fetch(address);
    return { status: answer.status, body: await answer.text() };
  };

  it('has the metrics and all of health, and the front door has neither', async () => {
    expect(await get(`${own}/metrics`)).toEqual({ status: 200, body: 'figures' });
    expect(JSON.parse((await get(`${own}/ready`)).body)).toEqual({ ok: true, checks: { database: true } });
    for (const path of ['/metrics', '/metrics?x', '/metrics/', '/%6detrics'])
      expect(await get(open + path)).toMatchObject({ status: 404 });
    for (const path of ['/ready', '/live', '/ready?verbose'])
      expect(await get(open + path)).toEqual({ status: 200, body: '{"ok":true}' });
  });

  it('given something missing, the front door says that, and only the management port says what', async () => {
    missing = 'PostgreSQL does not answer yet';
    expect(await get(`${open}/ready`)).toEqual({ status: 503, body: '{"ok":false}' });
    expect((await get(`${own}/ready`)).body).toContain(missing);
  });

  it('has nothing of the API', async () => {
    expect((await get(`${open}/v1/thing`)).body).toBe('thing');
    expect((await get(`${own}/v1/thing`)).status).toBe(404);
    expect((await get(`${own}/nowhere`)).status).toBe(404);
  });
});
