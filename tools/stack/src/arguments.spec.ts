import { describe, expect, it } from '@jest/globals';
import { COMMANDS, parseStartArguments, START_USAGE, UsageError } from '../setup/arguments.mjs';
import { PORT_SETTINGS } from './ports.js';

describe('the arguments of npm start', () => {
  it('given none, then neither a reset nor help is asked for', () => {
    expect(parseStartArguments([])).toEqual({ help: false, reset: false });
  });

  it.each([['--help'], ['-h']])('given %s, then help is asked for', (argument) => {
    expect(parseStartArguments([argument]).help).toBe(true);
  });

  it('given --reset, then a reset is asked for', () => {
    expect(parseStartArguments(['--reset'])).toEqual({ help: false, reset: true });
  });

  it('given arguments that nobody knows, then all of them are named, with what is possible', () => {
    const parse = (): unknown => parseStartArguments(['--bogus', '--reset', 'more']);

    expect(parse).toThrow(UsageError);
    expect(parse).toThrow('npm start does not know --bogus more.');
    expect(parse).toThrow('npm start [-- --reset]');
  });

  it('when help is read, then every port has its setting and its default in it', () => {
    for (const { setting, port } of Object.values(PORT_SETTINGS))
      expect(START_USAGE).toMatch(new RegExp(`^  ${setting} .* ${port}$`, 'm'));
  });

  it('when a command needs no Kafka, then it is one that only talks to what runs', () => {
    const without = Object.keys(COMMANDS).filter((name) => !COMMANDS[name]?.kafka);

    expect(without).toEqual(['receiver', 'demo']);
  });
});
