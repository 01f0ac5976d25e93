import { describe, expect, it } from '@jest/globals';
import { entityTag, ifMatch, ifVersion } from './precondition.js';

const demanded = (given?: string) => ifMatch({ headers: given === undefined ? {} : { 'if-match': given } });

describe('an entity tag', () => {
  it('is the version, and for what can come again also when it was made', () => {
    expect(entityTag(3)).toBe('"3"');
    expect(entityTag(3, new Date(1_000))).not.toBe(entityTag(3, new Date(2_000)));
  });
});

describe('If-Match', () => {
  it.each([undefined, '*', '"3"', '"1", "3"', ' "3" '])('given %p, lets version 3 be changed', (given) => {
    expect(() => {
      demanded(given)(entityTag(3));
    }).not.toThrow();
  });

  it.each(['"2"', '"1","2"', 'W/"3"'])('given %p, refuses to change version 3', (given) => {
    expect(() => {
      demanded(given)(entityTag(3));
    }).toThrow(expect.objectContaining({ code: 'version_mismatch', status: 412 }));
  });

  it.each(['3', '', '"3', 'v3, "3"'])('given %p, says what it has to be', (given) => {
    expect(() => demanded(given)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

describe('a version as a number', () => {
  it('given none, demands nothing; given another, refuses', () => {
    expect(() => {
      ifVersion(0)('"3"');
      ifVersion(3)('"3"');
    }).not.toThrow();
    expect(() => {
      ifVersion(2)('"3"');
    }).toThrow(expect.objectContaining({ code: 'version_mismatch' }));
  });
});
