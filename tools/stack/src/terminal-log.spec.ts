import { beforeEach, describe, expect, it } from '@jest/globals';
import { LEVELS } from './log-line.js';
import type { LogLevel } from './log-line.js';
import type { ProcessDefinition } from './process-definition.js';
import { TerminalLog } from './terminal-log.js';

const definition = (name: string, shownFrom?: LogLevel): ProcessDefinition => ({
  name,
  command: '',
  args: [],
  env: {},
  marker: '',
  ready: () => Promise.resolve(true),
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 0,
  stopStage: 0,
  ...(shownFrom === undefined ? {} : { shownFrom }),
});
const delivery = definition('delivery');
const kafka = definition('kafka', LEVELS.error);
const line = (level: LogLevel, msg: string, fields: object = {}): string =>
  JSON.stringify({ level, time: '2026-01-15T12:00:00.000Z', service: 'x', pid: 7, hostname: 'h', msg, ...fields });

describe('logs on the terminal', () => {
  let written: string[];
  let log: TerminalLog;
  const show = (process: ProcessDefinition, ...lines: string[]): void => {
    log.show(process, { lines, skipped: 0 });
  };

  beforeEach(() => {
    written = [];
    log = new TerminalLog((text) => written.push(text));
  });

  it('given a start, then nothing is shown, not even errors', () => {
    show(delivery, line(LEVELS.info, 'listening'), line(LEVELS.error, 'no broker yet'));

    expect(written).toEqual([]);
  });

  it('given a start that fails, then the last errors are shown', () => {
    for (let number = 1; number <= 30; number++) show(delivery, line(LEVELS.error, `error ${number}`));
    show(delivery, line(LEVELS.warn, 'only a warning'));

    log.showErrors();

    expect(written).toHaveLength(20);
    expect(written[0]).toContain('error 11');
    expect(written.at(-1)).toContain('error 30');
  });

  it('given that all is ready, then everything from info on is shown, a line each, with the name of the process', () => {
    log.open();

    show(delivery, line(LEVELS.debug, 'detail'), line(LEVELS.info, 'delivered', { webhook: '1' }));

    expect(written).toEqual([
      expect.stringMatching(/^delivery {5}\[\d\d:00:00\.000\] INFO: delivered {"webhook":"1"}$/),
    ]);
  });

  it('given a process that talks much, then only what is from its own level on', () => {
    log.open();

    show(kafka, line(LEVELS.warn, 'a warning'), line(LEVELS.error, 'an error'));

    expect(written).toHaveLength(1);
    expect(written[0]).toContain('an error');
  });

  it('given an error with a stack, then only what it says', () => {
    log.open();

    show(
      delivery,
      line(LEVELS.error, 'could not start', {
        err: { type: 'Error', message: 'no\nmore', stack: 'Error: no\n  at x' },
      }),
      line(LEVELS.error, 'broken', { error: 'java.io.IOException: no\n\tat x' }),
      line(LEVELS.error, 'bare', { error: '' }),
    );

    expect(written.map((text) => text.replace(/^.*ERROR: /, ''))).toEqual([
      'could not start {"error":"no"}',
      'broken {"error":"java.io.IOException: no"}',
      'bare',
    ]);
  });

  it('given what a library of a service says, then only errors, without their stack', () => {
    log.open();
    const fields = { logger: 'kafkajs', stack: 'Error: no\n  at x' };

    show(delivery, line(LEVELS.warn, 'no broker', fields), line(LEVELS.error, 'broken', fields));

    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/ERROR: broken {"logger":"kafkajs"}$/);
  });

  it('given more new lines than one can read, then the last of them and every error, and how many more there are', () => {
    log.open();

    const infos = Array.from({ length: 50 }, (_, number) => line(LEVELS.info, `info ${number}`));
    show(delivery, line(LEVELS.error, 'an error'), ...infos);

    expect(written).toHaveLength(22);
    expect(written[0]).toBe('delivery     … 30 lines more, in its log file');
    expect(written[1]).toContain('an error');
    expect(written[2]).toContain('info 30');
    expect(written.at(-1)).toContain('info 49');
  });

  it('given lines that were too many, then it says so', () => {
    log.open();

    log.show(delivery, { lines: [line(LEVELS.info, 'last')], skipped: 1_000 });

    expect(written).toEqual(['delivery     … 1000 bytes more, in its log file', expect.stringContaining('last')]);
  });
});
