import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { entityTag, ifVersion, preconditionOf, showVersion } from './precondition.js';

const TAG = entityTag(3);
const mismatch = expect.objectContaining({ code: 'version_mismatch', status: 412 });
const demanded = (headers: Partial<Record<'if-match' | 'if-none-match', string>>) => {
  preconditionOf({ headers })(TAG);
};

describe('an entity tag', () => {
  it('is the version, and for what can come again also when it was made', () => {
    expect(TAG).toBe('"3"');
    expect(entityTag(3, new Date(1_000))).not.toBe(entityTag(3, new Date(2_000)));
  });
});

describe('If-Match', () => {
  it.each(['*', '"3"', '"1", "3"', ' "3" '])('given %p, lets version 3 be changed', (tags) => {
    expect(() => {
      demanded({ 'if-match': tags });
    }).not.toThrow();
  });

  it.each(['"2"', '"1","2"', 'W/"3"'])('given %p, refuses to change version 3', (tags) => {
    expect(() => {
      demanded({ 'if-match': tags });
    }).toThrow(mismatch);
  });

  it.each(['*', '"3"'])('given %p, refuses to make what is not there', (tags) => {
    expect(() => {
      preconditionOf({ headers: { 'if-match': tags } })(undefined);
    }).toThrow(mismatch);
  });
});

describe('If-None-Match of a change', () => {
  it.each(['*', '"3"', 'W/"3"', '"1", "3"'])('given %p, refuses to change version 3', (tags) => {
    expect(() => {
      demanded({ 'if-none-match': tags });
    }).toThrow(mismatch);
  });

  it('given other versions, or that nothing is there, lets it be made', () => {
    expect(() => {
      demanded({ 'if-none-match': '"2", W/"1"' });
      preconditionOf({ headers: { 'if-none-match': '*' } })(undefined);
    }).not.toThrow();
  });
});

describe('neither', () => {
  it('demands nothing', () => {
    expect(() => {
      demanded({});
      preconditionOf({ headers: {} })(undefined);
    }).not.toThrow();
  });
});

describe('If-None-Match of a question', () => {
  const ask = async (tags?: string) => {
    const server = fastify();
    server.get('/', (_request, reply) => reply.send(showVersion(reply, TAG, { a: 1 })));
    const { statusCode, headers, body } = await server.inject({
      url: '/',
      headers: tags === undefined ? {} : { 'if-none-match': tags },
    });
    return [statusCode, headers.etag, headers['content-type'], body];
  };

  it.each(['*', '"3"', 'W/"3"', '"1", "3"'])('given %p, is answered 304 for version 3', async (tags) => {
    expect(await ask(tags)).toEqual([304, TAG, undefined, '']);
  });

  it.each([undefined, '"2"', 'W/"1","2"'])('given %p, is answered with version 3', async (tags) => {
    expect(await ask(tags)).toEqual([200, TAG, expect.stringMatching('json'), '{"a":1}']);
  });
});

describe.each([
  ['if-match', 'If-Match: '],
  ['if-none-match', 'If-None-Match: '],
])('%s', (name, named) => {
  it.each(['3', '', '"3', 'v3, "3"'])('given %p, says what it has to be', (tags) => {
    expect(() => {
      demanded({ [name]: tags });
    }).toThrow(expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(`^${named}`) }));
  });
});

describe('a version as a number', () => {
  it('given none, demands nothing; given another, refuses', () => {
    expect(() => {
      ifVersion(0)(TAG);
      ifVersion(3)(TAG);
    }).not.toThrow();
    expect(() => {
      ifVersion(2)(TAG);
    }).toThrow(expect.objectContaining({ code: 'version_mismatch' }));
  });
});
