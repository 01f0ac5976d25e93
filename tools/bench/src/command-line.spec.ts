import { describe, expect, it } from '@jest/globals';
import { minutes, parseArguments, UsageError } from './command-line.js';

const KNOWN = ['throughput', 'latency', 'soak'];

describe('what is typed after npm run bench', () => {
  it('given nothing, runs every scenario at length', () => {
    expect(parseArguments([], KNOWN)).toEqual({ kind: 'run', scenarios: KNOWN, short: false, profile: false });
  });

  it('given names and switches in any order, runs those in the order of the bench', () => {
    expect(parseArguments(['soak', '--short', 'throughput', '--profile'], KNOWN)).toEqual({
      kind: 'run',
      scenarios: ['throughput', 'soak'],
      short: true,
      profile: true,
    });
  });

  it('given report, makes the report', () => {
    expect(parseArguments(['report'], KNOWN)).toEqual({ kind: 'report' });
  });

  it.each([['--help'], ['-h'], ['soak', '--help']])('given %s, helps', (...args) => {
    expect(parseArguments(args, KNOWN)).toEqual({ kind: 'help' });
  });

  it.each([
    [['speed'], /does not know speed\. Its scenarios are throughput, latency, soak/],
    [['--fast', 'soak'], /does not know --fast/],
    [['report', 'soak'], /give it alone/],
    [['report', '--short'], /give it alone/],
  ])('given %j, says what to type instead', (args, message) => {
    expect(() => parseArguments(args, KNOWN)).toThrow(message);
    expect(() => parseArguments(args, KNOWN)).toThrow(UsageError);
  });
});

describe('a length of time', () => {
  it.each([
    [45, '45 s'],
    [89.6, '90 s'],
    [95, '2 min'],
    [3_600, '60 min'],
  ])('of %d s is %s', (seconds, text) => {
    expect(minutes(seconds)).toBe(text);
  });
});
