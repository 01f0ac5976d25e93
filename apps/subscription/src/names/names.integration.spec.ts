import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { topicNames } from '@postduif/contracts';
import { createKafka, FlushingProducer, withAdmin } from '@postduif/kafka';
import { RunningService } from '../testing/running-service.js';
import { silent, TestDatabase } from '../testing/test-database.js';
import { until } from '../testing/until.js';

jest.setTimeout(60_000);

const prefix = `names-test-${randomBytes(6).toString('hex')}.`;
const { config, attempts, events } = topicNames(prefix);
const brokers = process.env.KAFKA_BROKERS ?? '';
const kafka = createKafka({ clientId: 'names-test', brokers: brokers.split(','), log: silent });

interface Listed {
  readonly start: number;
  readonly limit: number;
  readonly count: number;
  readonly total?: number;
  readonly data: readonly Readonly<Record<string, unknown>>[];
}

/** Needs the compiled service: it runs as it does in production. */
describe('the registry of names', () => {
  let test: TestDatabase;
  let service: RunningService;

  beforeAll(async () => {
    test = await TestDatabase.create();
    service = new RunningService({ DATABASE_URL: test.url, KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: prefix });
    await service.listens();
    await until(async () => ((await service.call('GET', '/ready')).ok ? true : undefined), 'readiness');
  });
  afterAll(async () => {
    expect(await service.stop()).toBe(0);
    await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [config, attempts, events] }));
    await test.drop();
  });

  const send = async (method: string, path: string, body?: object) => {
    const response = await service.call(method, path, body && JSON.stringify(body));
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? '' : (JSON.parse(text) as object),
    };
  };
  const make = async (path: string, body: object) => {
    const { status, headers } = await send('POST', path, body);
    expect(status).toBe(201);
    return headers.get('x-created') ?? '';
  };
  const list = async (path: string) => (await send('GET', path)).body as Listed;
  const refused = (message: string | RegExp) => ({
    status: 400,
    body: {
      error: {
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        code: expect.any(String),
      },
    },
  });

  it('makes, shows, renames and lists databases and collections', async () => {
    const made = await send('POST', '/v4/databases', { name: 'Klanten', description: 'ignored' });
    const id = made.headers.get('x-created') ?? '';
    const location = `${service.base}/v4/database/${id}`;
    expect([made.status, made.body, made.headers.get('x-location'), made.headers.get('location')]).toEqual([
      ...[201, '', location, location],
    ]);
    const shown = await send('GET', `/v4/database/${id}`);
    expect([shown.body, shown.headers.get('content-type')]).toEqual([
      { ID: id, name: 'Klanten', named: true },
      'application/json',
    ]);
    expect(await send('PUT', `/v4/database/${id}`, { name: 'Klantenkring' })).toMatchObject({ status: 204, body: '' });
    const collection = await make(`/v4/database/${id}/collections`, { name: 'Orders' });
    expect((await send('GET', `/v4/collection/${collection}`)).body).toEqual({
      ...{ ID: collection, name: 'Orders', named: true, database: id },
    });
    expect((await send('PUT', `/v4/collection/${collection}`, {})).status).toBe(204);
    expect(await list(`/v4/database/${id}/collections?total=false`)).toEqual({
      ...{ start: 0, limit: 100, count: 1 },
      data: [{ ID: collection, name: 'Orders', named: true, database: id }],
    });
  });

  it('takes over ids that were given out elsewhere, and pages', async () => {
    const made = await send('PUT', '/v4/databases', { ID: 71, name: 'Leden' });
    expect([made.status, made.headers.get('x-created')]).toEqual([201, '71']);
    expect(made.headers.get('x-location')).toBe(`${service.base}/v4/database/71`);
    expect(await send('PUT', '/v4/databases', { ID: '71', name: 'Members' })).toMatchObject({ status: 204, body: '' });
    for (const ID of [701, 702, 703]) await send('PUT', '/v4/database/71/collections', { ID, name: `Nr ${ID}` });
    const page = await list('/v4/database/71/collections?start=1&limit=1');
    expect(page).toMatchObject({ start: 1, limit: 1, count: 1, total: 3, data: [{ ID: '702', name: 'Nr 702' }] });
    expect(await send('PUT', '/v4/databases', { ID: 72, name: 'Others' })).toMatchObject({ status: 201 });
    expect(await send('PUT', '/v4/database/72/collections', { ID: 701, name: 'x' })).toMatchObject(
      refused('Invalid data provided: ID: this collection is in another database'),
    );
  });

  it('knows fields and interests by their names', async () => {
    const database = await make('/v4/databases', { name: 'Velden' });
    const field = await make(`/v4/database/${database}/fields`, { name: 'Postal code', type: 'text' });
    expect((await send('GET', `/v4/database/${database}/field/${field}`)).body).toEqual({
      ID: field,
      name: 'Postal code',
    });
    await send('PUT', `/v4/database/${database}/field/${field}`, { name: 'Postcode' });
    expect(await list(`/v4/database/${database}/fields`)).toMatchObject({ data: [{ ID: field, name: 'Postcode' }] });
    const other = await make('/v4/databases', { name: 'Andere' });
    expect(await send('GET', `/v4/database/${other}/field/${field}`)).toMatchObject(
      refused('No entity with supplied ID'),
    );
    const interest = await make(`/v4/database/${database}/interests`, { name: 'red', group: 'wine' });
    await send('PUT', `/v4/interest/${interest}`, { name: 'rood' });
    expect((await send('GET', `/v4/interest/${interest}`)).body).toEqual({ ID: interest, name: 'rood', group: 'wine' });
    await send('PUT', `/v4/interest/${interest}`, { group: null });
    expect(await list(`/v4/database/${database}/interests`)).toMatchObject({ data: [{ name: 'rood', group: null }] });
    const collection = await make(`/v4/database/${database}/collections`, { name: 'Regels' });
    await make(`/v4/collection/${collection}/fields`, { name: 'sku' });
    expect(await list(`/v4/collection/${collection}/fields`)).toMatchObject({ total: 1, data: [{ name: 'sku' }] });
  });

  it('takes what events mention, with a placeholder until somebody names it', async () => {
    const event = {
      ...{ specversion: '1.0', id: 'e', time: '2026-01-15T10:20:30Z', account: '1234', type: 'update' },
      ...{ database: 901, profile: 1 },
      data: {
        parameters: {},
        fields: { mail: 'a', 'a[b]': 'not storable' },
        interests: [{ name: 'red', group: 'wine' }],
      },
    };
    const subprofile = { ...event, collection: 902, subprofile: 5, data: { fields: { sku: 'x' }, interests: [] } };
    const producer = new FlushingProducer({ kafka, log: silent });
    for (const value of ['no event', JSON.stringify(event), JSON.stringify(subprofile)])
      await producer.send({ topic: events, key: 'k', value });
    await producer.close();
    const fields = await until(async () => {
      const page = await list('/v4/collection/902/fields');
      return 'data' in page ? page : undefined;
    }, 'the collection that was mentioned');
    expect(fields).toMatchObject({ total: 1, data: [{ name: 'sku' }] });
    expect(await list('/v4/database/901/fields')).toMatchObject({ total: 1, data: [{ name: 'mail' }] });
    expect(await list('/v4/database/901/interests')).toMatchObject({ data: [{ name: 'red', group: 'wine' }] });
    const placeholder = { ID: '902', name: 'Collection 902', named: false, database: '901' };
    expect((await send('GET', '/v4/collection/902')).body).toEqual(placeholder);
    expect((await send('GET', '/v4/database/901')).body).toEqual({ ID: '901', name: 'Database 901', named: false });
    await send('PUT', '/v4/collection/902', placeholder);
    expect((await send('GET', '/v4/collection/902')).body).toEqual(placeholder);
    await send('PUT', '/v4/database/901', { name: 'Database 902' });
    expect((await send('GET', '/v4/database/901')).body).toMatchObject({ name: 'Database 902', named: true });
    await send('PUT', '/v4/database/901', { name: 'Webshop' });
    expect((await send('GET', '/v4/database/901')).body).toEqual({ ID: '901', name: 'Webshop', named: true });
  });

  it.each([
    ['GET', '/v4/database/999', undefined, 'No database with supplied ID'],
    ['GET', '/v4/database/x', undefined, 'No database with supplied ID'],
    ['PUT', '/v4/database/999', { name: 'x' }, 'No database with supplied ID'],
    ['GET', '/v4/database/999/fields', undefined, 'No database with supplied ID'],
    ['POST', '/v4/database/999/collections', { name: 'x' }, 'No database with supplied ID'],
    ['GET', '/v4/collection/999', undefined, 'No collection with given ID'],
    ['POST', '/v4/collection/999/fields', { name: 'x' }, 'No collection with given ID'],
    ['GET', '/v4/interest/999', undefined, 'No entity with supplied ID'],
    ['PUT', '/v4/database/71/field/999', { name: 'x' }, 'No entity with supplied ID'],
    ['POST', '/v4/databases', {}, 'Invalid data provided: name: is required'],
    ['POST', '/v4/databases', { name: 'Members' }, 'Invalid data provided: name: there is one of this name already'],
    ['PUT', '/v4/databases', { ID: 73, name: 'Members' }, /^Invalid data provided: name: there is one/],
    ['PUT', '/v4/database/72', { name: 'Members' }, /^Invalid data provided: name: there is one/],
    ['PUT', '/v4/databases', { ID: 0, name: 'x' }, /^Invalid data provided: ID: must be a positive whole number$/],
    ['POST', '/v4/databases', { name: 'a\nb' }, /^Invalid data provided: name: may not contain control characters$/],
    ['POST', '/v4/database/71/fields', { name: 'a[b' }, /^Invalid data provided: name: a name may not contain `\[`/],
    ['POST', '/v4/database/71/fields', { name: '__proto__' }, /^Invalid data provided: name: may not be `__proto__`$/],
    ['POST', '/v4/database/71/interests', { name: 'x', group: ']' }, /^Invalid data provided: group: must be a name/],
    ['DELETE', '/v4/database/71', undefined, 'Invalid method'],
  ])('answers 400 to %s %s with %j', async (method, path, body, message) => {
    expect(await send(method, path, body)).toMatchObject(refused(message));
  });
});
