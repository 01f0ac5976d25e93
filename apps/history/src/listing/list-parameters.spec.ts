import { describe, expect, it } from '@jest/globals';
import { ApiError, pageParameters, searchText } from '@postduif/contracts';
import { z } from 'zod';
import { parseParameters } from './list-parameters.js';

const schema = z.strictObject({ message: searchText.optional(), ...pageParameters });

function refusal(query: unknown): ApiError {
  try {
    parseParameters(schema, query);
  } catch (error) {
    if (error instanceof ApiError) return error;
  }
  throw new Error('was not refused');
}

describe('parameters of a list', () => {
  it('have defaults', () => {
    expect(parseParameters(schema, {})).toEqual({ limit: 50 });
  });

  it('take moments with any offset and in the form of the protocol', () => {
    expect(
      parseParameters(schema, { after: '2026-01-15T11:20:30+01:00', before: '2026-01-15 10:20:30' }),
    ).toMatchObject({
      after: Date.UTC(2026, 0, 15, 10, 20, 30),
      before: Date.UTC(2026, 0, 15, 10, 20, 30),
    });
  });

  it('bring moments that PostgreSQL cannot say into its range', () => {
    const { after, before } = parseParameters(schema, {
      after: '0000-01-01T00:00:00Z',
      before: '9999-12-31T23:59:59-12:00',
    });
    expect(after).toBe(0);
    expect(new Date(before ?? 0).getUTCFullYear()).toBe(9999);
  });

  it('when several are unknown or wrong, are refused with each by its name', () => {
    const error = refusal({ mesage: 'x', limit: '501', after: 'yesterday', colour: 'red' });
    expect(error.status).toBe(400);
    expect(error.options.errors?.map(({ path }) => path).sort()).toEqual(['after', 'colour', 'limit', 'mesage']);
    expect(error.options.errors?.[0]?.message).toContain('message, after, before, limit, cursor');
  });

  it.each(['0', '501', '-1', '1.5', 'ten', ''])('when the limit is %j, are refused', (limit) => {
    expect(refusal({ limit }).options.errors?.[0]?.path).toBe('limit');
  });

  it('when one is given twice, are refused', () => {
    expect(refusal({ message: ['a', 'b'] }).options.errors).toEqual([{ path: 'message', message: 'give it once' }]);
  });
});
