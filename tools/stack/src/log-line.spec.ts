import { describe, expect, it } from '@jest/globals';
import { LEVELS, parseLogLine, postgresLevel, toLogLine } from './log-line.js';

const NOON = new Date('2026-01-15T12:00:00Z');

describe('a line of a log', () => {
  it('given one in our form, then it is parsed with all its fields', () => {
    expect(parseLogLine('{"level":30,"msg":"listening","address":"x"}')).toEqual({
      level: 30,
      msg: 'listening',
      address: 'x',
    });
  });

  it.each(['plain text', '{"level":30,"msg":"cut o', '{"msg":"no level"}', '{"level":"30"}', '[1]', ''])(
    'given %j, then it is not in our form',
    (line) => {
      expect(parseLogLine(line)).toBeUndefined();
    },
  );

  it('given any text of a program, then it becomes JSON with its level, time and program', () => {
    expect(JSON.parse(toLogLine('Killed "me"', 'kafka', LEVELS.error, NOON))).toEqual({
      level: 50,
      time: '2026-01-15T12:00:00.000Z',
      service: 'kafka',
      msg: 'Killed "me"',
    });
  });

  it('given JSON in our form, then it stays as it is', () => {
    const line = '{"level":40,"service":"kafka","msg":"slow"}';

    expect(toLogLine(line, 'other', LEVELS.error, NOON)).toBe(line);
  });

  it('given JSON of another kind, then it is text', () => {
    expect(JSON.parse(toLogLine('{"a":1}', 'x', LEVELS.info, NOON))).toMatchObject({ level: 30, msg: '{"a":1}' });
  });
});

describe('the level of a line of PostgreSQL', () => {
  it.each([
    ['LOG:  database system is ready to accept connections', LEVELS.info],
    ['HINT:  See server log', LEVELS.info],
    ['WARNING:  there is no transaction in progress', LEVELS.warn],
    ['ERROR:  relation "x" does not exist', LEVELS.warn],
    ['FATAL:  could not create lock file "postmaster.pid"', LEVELS.error],
    ['PANIC:  could not write to file', LEVELS.error],
    ['FATAL:  the database system is starting up', LEVELS.info],
    ['FATAL:  the database system is shutting down', LEVELS.info],
  ])('given %s, then it is %d', (text, level) => {
    expect(postgresLevel(`2026-01-15 10:20:30.123 UTC [4711] ${text}`)).toBe(level);
  });

  it('given a line that continues another, then it is info', () => {
    expect(postgresLevel('\tFATAL: not a severity')).toBe(LEVELS.info);
  });
});
