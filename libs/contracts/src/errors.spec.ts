import { describe, expect, it } from '@jest/globals';
import { ApiError, DEAD_REASONS, ERRORS } from './errors.js';

describe('the catalogue of errors', () => {
  it.each(Object.entries({ ...ERRORS }))('%s has an HTTP status and says what to do', (_code, { status, title }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(title).toMatch(/\.$/);
  });

  it.each(Object.values(DEAD_REASONS))('a reason of a dead letter is a sentence: %s', (reason) => {
    expect(reason).toMatch(/^[A-Z].*\.$/);
  });
});

describe('an ApiError', () => {
  it('without a detail, is the problem of its code', () => {
    expect(new ApiError('not_found').toProblem()).toEqual({
      type: 'about:blank',
      title: ERRORS.not_found.title,
      status: 404,
      detail: ERRORS.not_found.title,
      code: 'not_found',
    });
  });

  it('given field errors, shows them', () => {
    const errors = [{ path: 'data.ip', message: 'must be an IP address' }];
    expect(new ApiError('invalid_event', 'detail', { errors }).toProblem()).toMatchObject({
      status: 400,
      detail: 'detail',
      errors,
    });
  });
});
