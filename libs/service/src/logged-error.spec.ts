import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { loggedError } from './logged-error.js';

const logged = (err: unknown) => {
  const lines: string[] = [];
  pino({ serializers: { err: loggedError } }, { write: (line: string) => void lines.push(line) }).error(
    { err },
    'failed',
  );
  return lines.join('');
};
/** As `pg` throws it. */
const refusal = (code: string, message: string) =>
  Object.assign(new Error(message), {
    severity: 'ERROR',
    code,
    detail: 'secret 1',
    where: 'secret 2',
    hint: 'secret 3',
  });

describe('an error in the log', () => {
  it.each([
    ['data', refusal('22P02', 'invalid input syntax for type integer: "secret 4"')],
    ['a constraint', refusal('23505', 'duplicate key "secret 5"')],
  ])('given that PostgreSQL refuses %s, then repeats nothing of what it was sent', (_, error) => {
    const line = logged(error);
    expect(line).not.toContain('secret');
    expect(JSON.parse(line)).toMatchObject({
      err: { code: error.code, message: 'PostgreSQL refuses the data', stack: expect.stringContaining('logged-error') },
    });
  });

  it('given a mistake in a statement, then says it, and nothing of the data', () => {
    const line = logged(new Error('outer', { cause: refusal('42703', 'column "nme" does not exist') }));
    expect(line).toContain('column \\"nme\\" does not exist');
    expect(line).not.toContain('secret');
    expect(logged(refusal('42703', 'column "nme" does not exist'))).toContain('column \\"nme\\"');
  });

  it('given data that PostgreSQL refuses as the cause of another error, then repeats nothing either', () => {
    const line = logged(new Error('outer', { cause: refusal('22P02', 'secret 6') }));
    expect(line).toContain('outer');
    expect(line).not.toContain('secret');
  });

  it('given any other error, then it is logged as it is', () => {
    expect(JSON.parse(logged(new TypeError('x is undefined')))).toMatchObject({
      err: { type: 'TypeError', message: 'x is undefined' },
    });
  });
});
