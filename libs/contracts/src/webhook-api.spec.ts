import { describe, expect, it } from '@jest/globals';
import { createWebhook, listQuery, updateWebhook } from './webhook-api.js';

const handler = 'https://hooks.example.org/a';

describe('creating a webhook', () => {
  it('given JSON with types and a form with text only, understands the same', () => {
    const json = createWebhook.parse({
      handler,
      trigger: 'update',
      callers: ['ms'],
      database: 1,
      fields: ['email'],
      schedule: [5, 60],
      concurrency: 4,
      rate: 2.5,
      shards: 4,
    });
    const form = createWebhook.parse({
      handler,
      trigger: 'update',
      callers: 'ms',
      database: '1',
      fields: 'email',
      schedule: ['5', '60'],
      concurrency: '4',
      rate: '2.5',
      shards: '4',
    });
    expect(form).toEqual(json);
  });

  it('given unknown properties, ignores them as Copernica does', () => {
    expect(createWebhook.parse({ handler, trigger: 'a.b', colour: 'red' })).toEqual({ handler, trigger: 'a.b' });
    expect(createWebhook.parse({ handler, trigger: 'a.b', callers: ['ms', 'ms'] })).toMatchObject({ callers: ['ms'] });
  });

  it.each(['database', 'collection', 'callers', 'fields', 'schedule', 'concurrency', 'rate', 'shards', 'signature'])(
    'given %s as null or empty text, takes the limit away',
    (name) => {
      expect(updateWebhook.parse({ [name]: null })).toEqual({ [name]: null });
      expect(updateWebhook.parse({ [name]: '' })).toEqual({ [name]: null });
    },
  );

  it.each([
    ['two handlers', { handler: [handler, handler], trigger: 'click' }, /^give it once$/],
    ['two databases', { handler, trigger: 'click', database: ['1', '2'] }, /^give it once$/],
    ['two states', { handler, trigger: 'click', state: ['enabled', 'disabled'] }, /^give it once$/],
    ['two triggers', { handler, trigger: ['click', 'open'] }, /^give it once$/],
    ['no handler', { trigger: 'click' }, /handler is required/],
    ['a handler that is a number', { handler: 5, trigger: 'click' }, /handler must be a URL/],
    ['a long handler', { handler: `${handler}${'a'.repeat(2_048)}`, trigger: 'click' }, /at most 2,048 characters/],
    ['a field with a NUL character', { handler, trigger: 'click', fields: ['a\0b'] }, /a control character/],
    ['a field with half a character', { handler, trigger: 'click', fields: ['\ud800'] }, /half of a surrogate pair/],
    ['a field with a bracket', { handler, trigger: 'update', database: 1, fields: ['a]'] }, /none with `\[`, `\]`/],
    ['a field that no object may have', { handler, trigger: 'click', fields: ['__proto__'] }, /none `__proto__`/],
    ['a handler with half a character', { handler: `${handler}\ud800`, trigger: 'click' }, /handler must be a URL/],
    ['an unknown trigger', { handler, trigger: 'clicks' }, /must be one of create, update/],
    ['an unknown caller', { handler, trigger: 'click', callers: ['me'] }, /callers must be among ms/],
    ['a database that is an object', { handler, trigger: 'click', database: {} }, /database must be a positive/],
    ['a rate of zero', { handler, trigger: 'click', rate: 0 }, /rate must be/],
    ['a schedule of words', { handler, trigger: 'click', schedule: ['soon'] }, /schedule must be|must be a number/],
    ['a database of zero', { handler, trigger: 'click', database: 0 }, /positive whole number/],
    ['201 requests at once', { handler, trigger: 'click', concurrency: 201 }, /200/],
    ['33 shards', { handler, trigger: 'click', shards: 33 }, /shards must be a whole number from 1 to 32/],
    ['half a shard', { handler, trigger: 'click', shards: 0.5 }, /shards must be/],
    ['an unknown format', { handler, trigger: 'click', format: 'xml' }, /format must be form, json or cloudevents/],
    ['an unknown signature', { handler, trigger: 'click', signature: 'v2' }, /signature must be v1 or v1a/],
    ['an unknown state', { handler, trigger: 'click', state: 'paused' }, /state must be/],
  ])('given %s, says so', (_case, body, message) => {
    expect(
      createWebhook
        .safeParse(body)
        .error?.issues.map((issue) => issue.message)
        .join(),
    ).toMatch(message);
  });
});

describe('the query of a list', () => {
  it('given nothing, starts at 0, with 100 and the total', () => {
    expect(listQuery.parse({})).toEqual({ start: 0, limit: 100, total: true });
  });

  it('given text, understands it', () => {
    expect(listQuery.parse({ start: '20', limit: '1000', total: 'false', trigger: 'click' })).toEqual({
      start: 20,
      limit: 1_000,
      total: false,
      trigger: 'click',
    });
  });

  it.each([{ limit: '1001' }, { limit: '0' }, { start: '-1' }, { start: 'x' }, { start: '' }, { total: 'maybe' }])(
    'given %p, refuses it',
    (query) => {
      expect(listQuery.safeParse(query).success).toBe(false);
    },
  );
});
