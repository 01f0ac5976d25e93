import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessDirectory, createToken, hashToken } from '@postduif/access';
import { deliveryId, eventCounts } from '@postduif/contracts';
import type { Attempt, Scope } from '@postduif/contracts';
import { httpAdapter, ProblemFilter, RequestLimits } from '@postduif/service';
import type { Database } from './database/database.js';
import { HistoryModule } from './history.module.js';
import { ReadAccess } from './listing/read-access.js';
import { kindOf } from './logfiles/logfile-kinds.js';
import { LogfileStore } from './logfiles/logfile-store.js';
import { ingestionOf } from './testing/ingestion.js';
import { attemptOf, eventOf, recordOf } from './testing/records.js';
import { createTestDatabase, openDatabase, silent } from './testing/test-database.js';
import type { TestDatabase } from './testing/test-database.js';

const ACCOUNT = '1234';
const NOW = Date.now();
const directory = new AccessDirectory();
const MANY = { perSecond: 1_000_000, burst: 1_000_000 };
let loaded = true;

function tokenOf(account: string, scopes: Scope[] = ['events:read']): string {
  const token = createToken();
  const tokens = [{ id: `token-of-${account}`, hash: hashToken(token), scopes }];
  const snapshot = {
    kind: 'account',
    version: 1,
    id: account,
    name: account,
    tokens,
    copernicaId: `account_${account}`,
  } as const;
  directory.apply({ key: `account/${account}`, snapshot });
  return token;
}

/** Everything that an answer may hold. */
interface Body {
  readonly data: Record<string, unknown>[];
  readonly next: string | null;
  readonly event?: Record<string, unknown>;
  readonly acceptedAt: string;
  readonly deliveries: { id: string; state: string; attempts: Attempt[] }[];
  readonly code: string;
  readonly detail: string;
  readonly errors: { path: string }[];
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Record<string, unknown>;
  readonly body: Body;
}

jest.setTimeout(60_000);

describe('the API of history', () => {
  const token = tokenOf(ACCOUNT);
  let test: TestDatabase;
  let database: Database;
  let app: NestFastifyApplication;
  let offset = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = await openDatabase(test.url);
    app = await startApi(database);
  });
  afterAll(async () => {
    await app.close();
    await database.close();
    await test.drop();
  });

  async function startApi(of: Database, limits = new RequestLimits(MANY)): Promise<NestFastifyApplication> {
    const module = HistoryModule.of(of, new ReadAccess(directory, limits, () => loaded), 30);
    const created = await NestFactory.create<NestFastifyApplication>(module, httpAdapter(), { logger: false });
    created.useGlobalFilters(new ProblemFilter(silent));
    limits.announce(created.getHttpAdapter().getInstance());
    await created.init();
    await created.getHttpAdapter().getInstance().ready();
    return created;
  }

  /** Stores records; the times of events are those of their acceptance. */
  async function store(
    topic: 'events' | 'attempts',
    values: (Record<string, unknown> | Buffer)[],
    at: (index: number) => number = () => NOW,
  ) {
    const { writer } = ingestionOf(database);
    const partitions = [0, 1, 2].map((partition) => ({ topic, partition }));
    await writer.assign(partitions);
    values.forEach((value, index) => {
      const headers = { 'accepted-at': String(at(index)) };
      writer.add(recordOf({ topic, partition: offset % 3, offset: ++offset, timestamp: at(index) }, value, headers));
    });
    await writer.stop();
  }

  async function get(url: string, bearer = token, api = app): Promise<Answer> {
    const { statusCode, headers, json } = await api.inject({ url, headers: { authorization: `Bearer ${bearer}` } });
    const type = String(headers['content-type']).replace(/;.*/, '');
    return { status: statusCode, type, headers, body: json<Body>() };
  }

  async function idsOf(url: string, bearer = token): Promise<unknown[]> {
    return (await get(url, bearer)).body.data.map(({ id }) => id);
  }

  describe('logfiles', () => {
    const owner = 'logging';
    const bearer = tokenOf(owner);
    const today = new Date(NOW).toISOString().slice(0, 10);
    const yesterday = new Date(NOW - 86_400_000).toISOString().slice(0, 10);
    const data = {
      message: 'm1',
      recipient: 'ann@example.com',
      ip: '203.0.113.9',
      original: 'https://shop.example/?a=1&b="2"',
      useragent: 'Mozilla/5.0',
      referer: 'https://mail.example/',
      tags: ['news', 'letter'],
    };
    const click = eventOf({ account: owner, type: 'click', profile: 7, data });

    async function file(path: string) {
      const { statusCode, headers, body } = await app.inject({
        url: path,
        headers: { authorization: `Bearer ${bearer}` },
      });
      return { status: statusCode, type: headers['content-type'], body };
    }

    beforeAll(async () => {
      const update = { fields: { name: 'Ann' }, parameters: { name: 'Ann' }, interests: [] };
      await store('events', [
        click,
        eventOf({ account: owner, type: 'update', database: 1, profile: 7, data: update }),
      ]);
      await store('events', [eventOf({ account: owner, id: 'y', type: 'order.shipped' })], () => NOW - 86_400_000);
      const refused = { outcome: 'retrying', status: 503, remoteAddress: '203.0.113.9' } as const;
      const attempts = [
        attemptOf({
          account: owner,
          ...refused,
          error: 'http_status',
          responseHeaders: { server: 'x' },
          responseBody: '\0',
        }),
        attemptOf({ account: owner, outcome: 'dead', requested: false, error: 'webhook_deleted' }),
        attemptOf({ account: owner }),
      ];
      await store(
        'attempts',
        attempts.map((attempt) => ({ ...attempt })),
      );
    });

    it('are listed by date, and by name', async () => {
      expect((await get('/v1/logfiles', bearer)).body).toEqual([yesterday, today]);
      expect((await get(`/v1/logfiles/${today}`, bearer)).body).toEqual([`clicks.${today}.log`]);
      const suite = await get(`/v1/logfiles?family=marketing-suite&date=${today}`, bearer);
      expect(suite.body).toEqual(
        ['cdm-click', 'feedback-loop-errors', 'profile-update'].map((prefix) => `${prefix}.${today}.log`),
      );
      const own = await get('/v1/logfiles?type=order.shipped', bearer);
      expect(own.body).toEqual([`order.shipped.${yesterday}.log`]);
      expect((await get('/v1/logfiles', tokenOf('nobody'))).body).toEqual([]);
      expect((await get('/v1/logfiles/2001-01-01', bearer)).body).toEqual([]);
    });

    it('hold a line of each event, as CSV with a header or without, as JSON and as XML', async () => {
      const name = `cdm-click.${today}.log`;
      const line =
        'm1,,2026-01-15 10:20:30,"https://shop.example/?a=1&b=""2""",203.0.113.9,' +
        '"User-Agent: Mozilla/5.0\nReferer: https://mail.example/",ann@example.com,news;letter,,,,,7,,\r\n';
      const columns =
        'id,senderdomain,time,linkinfo,ip,header,email,tags,countrycode,countryname,regioncode,city,profile,subprofile,template\r\n';
      const type = 'text/csv; charset=utf-8; header=absent';
      expect(await file(`/v1/logfiles/${name}`)).toEqual({ status: 200, type, body: line });
      expect((await file(`/v1/logfiles/${name}/header`)).body).toBe(columns + line);
      const json = await file(`/v1/logfiles/${name}/json`);
      expect(json.type).toBe('application/json');
      expect(JSON.parse(json.body)).toEqual([expect.objectContaining({ id: 'm1', profile: 7, tags: 'news;letter' })]);
      const xml = await file(`/v1/logfiles/${name}/xml`);
      expect(xml.body).toContain('<linkinfo>https://shop.example/?a=1&amp;b="2"</linkinfo>');
    });

    it('hold what receivers did not accept', async () => {
      const { body } = await file(`/v1/logfiles/feedback-loop-errors.${today}.log/json`);
      expect(JSON.parse(body)).toEqual([
        expect.objectContaining({ response: 503, recipient: '203.0.113.9', header: 'server: x', error: 'http_status' }),
      ]);
    });

    it('given thousands of events, hold each once', async () => {
      const many = Array.from({ length: 2_500 }, (_, n) =>
        eventOf({ account: owner, id: `n-${n}`, type: 'many.events', data: { n } }),
      );
      await store('events', many, (index) => NOW - 10 + Math.floor(index / 500));
      const { body } = await file(`/v1/logfiles/many.events.${today}.log/json`);
      const ids = (JSON.parse(body) as { id: string }[]).map(({ id }) => id);
      expect(ids).toHaveLength(2_500);
      expect(new Set(ids).size).toBe(2_500);
    });

    it('given events of megabytes, are read a few at a time', async () => {
      const large = Array.from({ length: 5 }, (_, n) =>
        eventOf({
          account: owner,
          id: `large-${n}`,
          type: 'large.events',
          data: { text: 'x'.repeat(2 * 1024 * 1024) },
        }),
      );
      await store('events', large);
      const pieces: number[] = [];
      for await (const lines of new LogfileStore(database, 30).lines(owner, kindOf('large.events')!, today))
        pieces.push(lines.length);
      expect(pieces).toEqual([2, 2, 1]);
    });

    it('given a name, a date or a format that is none, or nothing of that day, say so', async () => {
      for (const [path, detail] of [
        ['clicks.2026-02-30.log', 'The date 2026-02-30 is not in the calendar. The list of'],
        ['2026-02-30', 'The date 2026-02-30 is not in the calendar. The list of'],
        ['clicks.0000-01-01.log', 'The date 0000-01-01 must be a date such as'],
        ['9999-12-31', 'The date 9999-12-31 must be a date such as'],
        [`nothing.${today}.log`, 'There are no logfiles with this prefix. The list of'],
        ['clicks', 'A logfile is called <prefix>.<date>.log, such as'],
        [`${today}/json`, 'A logfile is called <prefix>.<date>.log, such as'],
        [`clicks.${today}.log/pdf`, 'A logfile comes as csv, header, json, xml.'],
      ])
        expect(await get(`/v1/logfiles/${path ?? ''}`, bearer)).toMatchObject({
          status: 404,
          body: { code: 'not_found', detail: expect.stringContaining(detail ?? '') },
        });
      const errors = [{ path: 'date', message: 'must be a date such as 2026-01-15' }];
      expect((await get('/v1/logfiles?date=yesterday', bearer)).body).toMatchObject({
        code: 'invalid_request',
        errors,
      });
      expect(await file('/v1/logfiles/clicks.2001-01-01.log')).toMatchObject({ status: 200, body: '' });
      expect((await file('/v1/logfiles/clicks.2001-01-01.log/json')).body).toBe('[\n]\n');
      expect(await file(`/v1/logfiles/nothing.%00.${today}.log`)).toMatchObject({ status: 200, body: '' });
    });
  });

  it('lists events, newest first, with their attributes', async () => {
    const events = ['old', 'new'].map((id) =>
      eventOf({
        id,
        type: 'click',
        profile: 7,
        mailing: 466,
        data: { message: `m-${id}`, recipient: 'ann@example.com' },
      }),
    );
    await store('events', events, (index) => NOW - 60_000 + index);
    const { status, body } = await get('/v1/events?profile=7');
    expect(status).toBe(200);
    expect(body.next).toBeNull();
    expect(body.data.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(body.data[0]).toEqual({
      id: 'new',
      type: 'click',
      time: '2026-01-15T10:20:30.000Z',
      acceptedAt: new Date(NOW - 60_000 + 1).toISOString(),
      profile: 7,
      mailing: 466,
      message: 'm-new',
      recipient: 'ann@example.com',
    });
  });

  it('finds events by each filter, and by all of them together', async () => {
    const ids = { database: 11, collection: 12, profile: 13, subprofile: 14, mailing: 15 };
    const data = { message: 'wanted', recipient: 'bob\0@example.com' };
    await store('events', [
      eventOf({ id: 'wanted', type: 'wanted.type', ...ids, data }),
      eventOf({ id: 'other', type: 'other.type' }),
    ]);
    const filters = { type: 'wanted.type', ...ids, message: data.message, recipient: data.recipient };
    const parameters = Object.entries(filters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    for (const query of [...parameters, parameters.join('&')])
      expect({ query, ids: await idsOf(`/v1/events?${query}`) }).toEqual({ query, ids: ['wanted'] });
    expect(await idsOf('/v1/events?type=wanted.type&profile=99')).toEqual([]);
  });

  it('takes events of a time range, bounds not included', async () => {
    const from = Date.UTC(2000, 0, 1, 12);
    const day = NOW - 5 * 86_400_000;
    await store(
      'events',
      [0, 1, 2, 3].map((n) => eventOf({ id: `range-${n}`, type: 'range.type' })),
      (index) => day + index * 1_000,
    );
    const range = `after=${new Date(day).toISOString()}&before=${new Date(day + 3_000).toISOString()}`;
    expect(await idsOf(`/v1/events?type=range.type&${range}`)).toEqual(['range-2', 'range-1']);
    expect(await idsOf(`/v1/events?type=range.type&before=${new Date(from).toISOString()}`)).toEqual([]);
  });

  it('given hundreds of events of the same millisecond and new ones between pages, shows each once', async () => {
    const events = Array.from({ length: 250 }, (_, index) => eventOf({ id: `same-${index}`, type: 'same.type' }));
    await store('events', events, (index) => NOW - 2 * 86_400_000 + Math.floor(index / 100));
    const seen: unknown[] = [];
    let next: string | null = null;
    do {
      const cursor: string = next === null ? '' : `&cursor=${next}`;
      const { body } = await get(`/v1/events?type=same.type&limit=7${cursor}`);
      expect(body.data.length).toBeLessThanOrEqual(7);
      seen.push(...body.data.map(({ id }) => id));
      next = body.next;
      if (seen.length === 70) await store('events', [eventOf({ id: 'late', type: 'same.type' })]);
    } while (next !== null);
    expect(seen.length).toBe(250);
    expect(new Set(seen)).toEqual(new Set(events.map(({ id }) => id)));
  });

  it('given events of 1970 and 2100, stores and lists them', async () => {
    const events = ['1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map((time) =>
      eventOf({ id: time, type: 'odd.time', time }),
    );
    await store('events', events, (index) => [0, Date.UTC(2100, 0, 1), NOW][index] ?? NOW);
    expect(new Set(await idsOf('/v1/events?type=odd.time'))).toEqual(new Set(events.map(({ id }) => id)));
  });

  it('shows an event in full with its deliveries and attempts', async () => {
    const event = eventOf({ id: 'shown', data: { text: 'NUL \0, half \ud800, é', deep: [{ a: null }] }, extra: 'x' });
    const nextAttemptAt = new Date(NOW + 5_000).toISOString();
    const attempts = [
      attemptOf({
        event: 'shown',
        delivery: 'd1',
        attempt: 1,
        outcome: 'retrying',
        status: 500,
        error: 'http_status',
        nextAttemptAt,
        responseBody: 'no \0',
        responseHeaders: { server: 'x' },
      }),
      attemptOf({ event: 'shown', delivery: 'd1', attempt: 2, outcome: 'delivered' }),
      attemptOf({ event: 'shown', delivery: 'd2', webhook: '13', outcome: 'retrying', nextAttemptAt }),
      attemptOf({
        event: 'shown',
        delivery: 'd3',
        webhook: '14',
        outcome: 'dead',
        reason: 'receiver_gone',
        status: 410,
      }),
    ];
    await store('events', [event], () => NOW - 1_234);
    await store('attempts', attempts);
    const { status, body } = await get('/v1/events/shown');
    expect(status).toBe(200);
    expect(body.event).toEqual(event);
    expect(body.acceptedAt).toBe(new Date(NOW - 1_234).toISOString());
    const deliveries = body.deliveries.toSorted((one, other) => one.id.localeCompare(other.id));
    expect(deliveries).toEqual([
      { id: 'd1', webhook: '12', state: 'delivered', attempts: attempts.slice(0, 2) },
      { id: 'd2', webhook: '13', state: 'retrying', nextAttemptAt, attempts: [attempts[2]] },
      { id: 'd3', webhook: '14', state: 'dead', reason: 'receiver_gone', attempts: [attempts[3]] },
    ]);
  });

  it('given an event with the longest id, of all characters that an id may have, shows it', async () => {
    const id = Array.from({ length: 200 }, (_, index) => String.fromCharCode(0x21 + (index % 94))).join('');
    await store('events', [eventOf({ id })]);
    const { status, body } = await get(`/v1/events/${encodeURIComponent(id)}`);
    expect([status, body.event?.id]).toEqual([200, id]);
  });

  it('given an id that a path cannot hold, finds the event by a parameter', async () => {
    await store(
      'events',
      ['..', '../x'].map((id) => eventOf({ id })),
    );
    for (const id of ['..', '../x'])
      expect((await get(`/v1/events?id=${encodeURIComponent(id)}`)).body.data).toMatchObject([{ id }]);
  });

  it('given numbers that no double holds, shows every digit', async () => {
    const json = JSON.stringify(eventOf({ id: 'digits', data: { n: 0 } })).replace('"n":0', '"n":12345678901234567890');
    await store('events', [Buffer.from(json)]);
    const answer = await app.inject({ url: '/v1/events/digits', headers: { authorization: `Bearer ${token}` } });
    expect(answer.body).toContain('"data":{"n":12345678901234567890}');
  });

  it('given two sources with the same id, tells their events and deliveries apart', async () => {
    const events = ['/shop', '/crm'].map((source) => eventOf({ id: 'twice', source }));
    await store('events', events, (index) => NOW + index);
    const delivery = (source: string): string => deliveryId({ account: ACCOUNT, id: 'twice', source }, '12');
    await store(
      'attempts',
      ['/shop', '/crm'].map((source) => attemptOf({ event: 'twice', delivery: delivery(source) })),
    );
    const shop = await get('/v1/events/twice');
    const crm = await get('/v1/events/twice?source=/crm');
    expect([shop.body.event?.source, shop.body.deliveries.map(({ id }) => id)]).toEqual(['/shop', [delivery('/shop')]]);
    expect([crm.body.event?.source, crm.body.deliveries.map(({ id }) => id)]).toEqual(['/crm', [delivery('/crm')]]);
  });

  it('given an event that was accepted twice, shows it as it was first accepted', async () => {
    const events = ['first', 'again'].map((text) => eventOf({ id: 'repeated', data: { text } }));
    await store('events', events, (index) => NOW + index);
    expect((await get('/v1/events/repeated')).body.event?.data).toEqual({ text: 'first' });
  });

  it('lists attempts, and finds them by each filter', async () => {
    const wanted = {
      webhook: '77',
      event: 'wanted',
      trigger: 'wanted.type',
      outcome: 'retrying',
      status: 503,
      error: 'http_status',
    } as const;
    await store('attempts', [
      attemptOf({ ...wanted, delivery: 'wanted' }),
      attemptOf({ delivery: 'other', webhook: '78' }),
    ]);
    const parameters = Object.entries(wanted).map(([name, value]) => `${name}=${value}`);
    const queries = parameters.map((parameter) => (parameter === 'webhook=77' ? parameter : `${parameter}&webhook=77`));
    for (const query of [...queries, parameters.join('&')]) {
      const { body } = await get(`/v1/attempts?${query}`);
      expect({ query, found: body.data.map(({ delivery }) => delivery) }).toEqual({ query, found: ['wanted'] });
    }
    const page = await get('/v1/attempts?limit=1');
    const rest = await get(`/v1/attempts?cursor=${page.body.next ?? ''}`);
    expect(page.body.data.length).toBe(1);
    expect(rest.body.data).not.toContainEqual(page.body.data[0]);
  });

  it("never shows another account's data", async () => {
    const stranger = tokenOf('5678');
    await store('events', [eventOf({ id: 'private' })]);
    await store('attempts', [attemptOf({ event: 'private' })]);
    const cursor = (await get('/v1/events?limit=1')).body.next ?? '';
    expect((await get('/v1/events/private', stranger)).status).toBe(404);
    for (const url of ['/v1/events', '/v1/attempts', '/v1/attempts?event=private', `/v1/events?cursor=${cursor}`])
      expect((await get(url, stranger)).body).toEqual({ data: [], next: null });
  });

  it('counts the events of a type in the last week', async () => {
    const events = ['one', 'two', 'long ago'].map((id) => eventOf({ id, type: 'counted.type', database: 7 }));
    await store('events', events, (index) => NOW - 1_000 - (index === 2 ? 8 * 86_400_000 : 0));
    const answer = await app.inject({
      url: '/v1/event-counts?type=counted.type&database=7',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.statusCode).toBe(200);
    const { days, ...counts } = eventCounts.parse(answer.json());
    expect(counts).toMatchObject({ total: 2, complete: true });
    expect(days).toHaveLength(7);
    const others = { authorization: `Bearer ${tokenOf('56')}` };
    const none = await app.inject({ url: '/v1/event-counts?type=counted.type', headers: others });
    expect(none.json()).toMatchObject({ total: 0 });
  });

  it.each([
    ['a count of nothing', '/v1/event-counts', 'type'],
    ['an unknown parameter of a count', '/v1/event-counts?type=click&after=2026-01-01', 'after'],
    ['an unknown parameter', '/v1/events?colour=red', 'colour'],
    ['an unknown parameter of one event', '/v1/events/x?colour=red', 'colour'],
    ['a type that cannot be', '/v1/events?type=clik', 'type'],
    ['a cursor of another list', '/v1/events?cursor=AAAA', 'cursor'],
    ['a limit out of bounds', '/v1/attempts?limit=501', 'limit'],
    ['a status that cannot be', '/v1/attempts?status=ok', 'status'],
  ])('given %s, answers 400 and names it', async (_, url, path) => {
    const { status, body, type } = await get(url);
    expect([status, type, body.code]).toEqual([400, 'application/problem+json', 'invalid_request']);
    expect(body.errors.map((error) => error.path)).toEqual([path]);
  });

  it('given an id that is not there, whatever its characters, answers 404 and says that history may be behind', async () => {
    for (const id of ['nothing', '%00', '%f0%9f%98%80', '%2e%2e%2f']) {
      const { status, body } = await get(`/v1/events/${id}`);
      expect([status, body.code]).toEqual([404, 'not_found']);
      expect(body.detail).toContain('after a moment');
    }
  });

  it('refuses who has no token, a wrong one, or one without the scope', async () => {
    expect((await app.inject({ url: '/v1/events' })).statusCode).toBe(401);
    expect((await get('/v1/events', 'pd_wrong')).status).toBe(401);
    expect((await get('/v1/events', tokenOf('9', ['events:write']))).status).toBe(403);
  });

  it('given a token that asks more often than it may, answers 429; others go on, and so do good tokens beside bad ones', async () => {
    const api = await startApi(database, new RequestLimits({ perSecond: 1, burst: 1 }));
    const refused = async (url: string, bearer: string) => {
      const answers = [await get(url, bearer, api)];
      while (answers.at(-1)!.status !== 429) answers.push(await get(url, bearer, api));
      return answers;
    };
    try {
      const [first, ...rest] = await refused('/v1/events', 'pd_wrong');
      expect(first?.body.code).toBe('unauthenticated');
      expect(rest.at(-1)).toMatchObject({ body: { code: 'rate_limited' }, headers: { 'retry-after': '1' } });
      for (const url of ['/v1/events', '/v1/attempts', '/v1/events/x', '/v1/event-counts', '/v1/logfiles'])
        expect((await refused(url, token)).at(-1)).toMatchObject({
          type: 'application/problem+json',
          body: { code: 'rate_limited' },
          headers: { 'retry-after': '1', 'ratelimit-policy': '"second";q=1;w=1, "burst";q=1;w=60' },
        });
      const { status, headers } = await get('/v1/events', tokenOf('78'), api);
      expect([status, headers.ratelimit]).toEqual([200, expect.stringMatching(/^"second";r=0;t=1, "burst";r=[01];/)]);
    } finally {
      await api.close();
    }
  });

  it('while tokens are still being loaded, answers 503 and not that a token is wrong', async () => {
    loaded = false;
    try {
      expect((await get('/v1/events')).body.code).toBe('not_ready');
    } finally {
      loaded = true;
    }
  });

  it('when a search takes too long, answers 503 and says to narrow it', async () => {
    await test.query('ALTER TABLE history.attempts RENAME TO attempts_aside');
    await test.query(
      'CREATE VIEW history.attempts AS SELECT a.* FROM history.attempts_aside a WHERE pg_sleep(1) IS NOT NULL',
    );
    const { Database } = await import('./database/database.js');
    const impatient = new Database(test.url, silent, { readTimeoutMs: 50 });
    const api = await startApi(impatient);
    try {
      const { status, body, headers } = await get('/v1/attempts', token, api);
      expect([status, body.code, headers['retry-after']]).toEqual([503, 'store_unavailable', '5']);
      expect(body.detail).toContain('Narrow');
    } finally {
      await api.close();
      await impatient.close();
      await test.query('DROP VIEW history.attempts');
      await test.query('ALTER TABLE history.attempts_aside RENAME TO attempts');
    }
  });
});
