import { describe, expect, it } from '@jest/globals';
import { UsageError } from './command-line.js';
import { parseDemoOptions } from './demo-options.js';
import { parseReceiverOptions } from './receiver-options.js';

describe('the switches of the receiver', () => {
  it('given none, listens on 9090 and answers 200 at once', () => {
    expect(parseReceiverOptions([])).toEqual({
      port: 9090,
      home: '.postduif',
      answering: { fail: 0, status: 200, hang: false, delayMs: 0, retryAfter: undefined },
      files: new Map(),
      output: 'readable',
      help: false,
    });
  });

  it('given all, understands all', () => {
    const line = '--port 0 --fail 2 --status 410 --hang --delay 50 --retry-after 7 --home /tmp/x --json';
    const files = ['--verification-file', 'postduif-abc.txt=a=b c', '--verification-file', 'x.txt='];
    expect(parseReceiverOptions([...line.split(' '), ...files])).toEqual({
      port: 0,
      home: '/tmp/x',
      answering: { fail: 2, status: 410, hang: true, delayMs: 50, retryAfter: 7 },
      files: new Map([
        ['postduif-abc.txt', 'a=b c'],
        ['x.txt', ''],
      ]),
      output: 'json',
      help: false,
    });
  });

  it.each([
    [['--colour'], /Unknown option '--colour'/],
    [['extra'], /Unexpected argument 'extra'/],
    [['--port'], /--port/],
    [['--port', '70000'], /--port must be a whole number from 0 to 65535/],
    [['--fail', '-1'], /--fail/],
    [['--fail=x'], /--fail must be a whole number/],
    [['--status', '99'], /--status/],
    [['--verification-file', 'a/b=c'], /--verification-file must be/],
    [['--quiet', '--json'], /not both/],
  ])('given %j, says what to type instead', (args, message) => {
    expect(() => parseReceiverOptions(args)).toThrow(message);
    expect(() => parseReceiverOptions(args)).toThrow(UsageError);
  });

  it('given POSTDUIF_HOME, takes it, unless --home says otherwise', () => {
    expect(parseReceiverOptions([], { POSTDUIF_HOME: '/a' }).home).toBe('/a');
    expect(parseReceiverOptions([], { POSTDUIF_HOME: '' }).home).toBe('.postduif');
    expect(parseReceiverOptions(['--home', '/b'], { POSTDUIF_HOME: '/a' }).home).toBe('/b');
  });
});

describe('the switches of the demo', () => {
  it('given none, sends every event once to the receiver on 9090', () => {
    expect(parseDemoOptions([])).toEqual({ port: 9090, count: 1, home: '.postduif', help: false });
  });

  it.each([
    ['--count', '0'],
    ['--port', '0'],
    ['--fail', '1'],
  ])('given %s %s, refuses it', (...args) => {
    expect(() => parseDemoOptions(args)).toThrow(UsageError);
  });
});
