import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkRecord } from './record-check.js';
import { TestNameServer } from './testing/name-server.js';
import { DnsTxtRecords } from './txt-records.js';

const NOW = new Date('2026-01-15T10:20:30Z');
const VALUE = `v=DKIM1;k=rsa;p=${'x'.repeat(392)}`;

describe('a record in DNS', () => {
  let server: TestNameServer;
  let records: DnsTxtRecords;
  const check = (name: string, { alone }: { alone: boolean }) =>
    checkRecord(records, { name, value: VALUE, alone }, NOW);

  beforeAll(async () => {
    server = await TestNameServer.start();
    records = new DnsTxtRecords([server.address], { timeoutMs: 100 });
    server.publish('right.example', VALUE);
    server.publish('also.example', 'something else', VALUE);
    server.publish('wrong.example', `${VALUE} `);
    server.zone.set('empty.example', { txt: [] });
    server.zone.set('alias.example', { cname: 'step.example' });
    server.zone.set('step.example', { cname: 'right.example' });
    server.zone.set('broken.example', { trouble: 'fails' });
    server.zone.set('dead.example', { trouble: 'silent' });
  });

  afterAll(() => server.stop());

  it.each([
    ['right.example', 'valid', [VALUE]],
    ['alias.example', 'valid', [VALUE]],
    ['also.example', 'valid', ['something else', VALUE]],
    ['wrong.example', 'different', [`${VALUE} `]],
    ['empty.example', 'missing', []],
    ['absent.example', 'missing', []],
  ])('at %s is %s', async (name, state, actual) => {
    const found = await check(name, { alone: false });
    expect(found).toEqual({ at: NOW.toISOString(), state, actual: expect.any(Array), error: null });
    expect([...found.actual].sort()).toEqual(actual);
  });

  it('that has to be alone is different when another one stands beside it', async () => {
    expect(await check('right.example', { alone: true })).toMatchObject({ state: 'valid' });
    expect(await check('also.example', { alone: true })).toMatchObject({ state: 'different' });
  });

  it.each([
    ['broken.example', 'ESERVFAIL'],
    ['dead.example', 'ETIMEOUT'],
  ])('at %s is unknown (%s), and that is said', async (name, code) => {
    const error = `The name servers gave no answer (${code}).`;
    expect(await check(name, { alone: false })).toMatchObject({ state: 'missing', actual: [], error });
  });

  it('is looked up anew each time', async () => {
    expect(await check('late.example', { alone: true })).toMatchObject({ state: 'missing' });
    server.publish('late.example', VALUE);
    expect(await check('late.example', { alone: true })).toMatchObject({ state: 'valid' });
    server.publish('late.example', 'changed');
    expect(await check('late.example', { alone: true })).toMatchObject({ state: 'different', actual: ['changed'] });
  });
});
