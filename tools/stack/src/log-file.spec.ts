import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { LogFile } from './log-file.js';
import type { LogFileOptions } from './log-file.js';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('a log file', () => {
  const folder = temporaryFolder();
  const open: LogFile[] = [];
  const logFile = (options?: LogFileOptions): LogFile => {
    const log = new LogFile(folder('x.log'), options);
    open.push(log);
    return log;
  };
  const kept = (age: number): string => readFileSync(folder(`x.log.${age}`), 'utf8');

  afterEach(() => {
    for (const log of open.splice(0)) log.close();
  });

  it('given lines of ours and of a child, then each is handed on once', () => {
    const log = logFile();

    log.append('one');
    spawnSync('/bin/sh', ['-c', 'echo two; echo three'], { stdio: ['ignore', log.descriptor, 'inherit'] });

    expect(log.poll()).toEqual({ lines: ['one', 'two', 'three'], skipped: 0 });
    expect(log.poll()).toEqual({ lines: [], skipped: 0 });
  });

  it('given a line that is not finished, then it waits for its end', () => {
    const log = logFile();

    appendFileSync(log.path, 'one\nbegin');
    expect(log.poll().lines).toEqual(['one']);
    appendFileSync(log.path, ' of é');
    expect(log.poll().lines).toEqual([]);
    appendFileSync(log.path, ' and end\n');

    expect(log.poll().lines).toEqual(['begin of é and end']);
  });

  it('given more than anybody reads, then the older part is skipped at a line’s end', () => {
    const log = logFile({ pollBytes: 12 });

    for (const line of ['first', 'second', 'third', 'fourth']) log.append(line);

    const { lines, skipped } = log.poll();
    expect(lines).toEqual(['fourth']);
    expect(skipped).toBe('first\nsecond\nthird\nfourth\n'.length - 12);
    log.append('fifth');
    expect(log.poll()).toEqual({ lines: ['fifth'], skipped: 0 });
  });

  it('given a line longer than anybody reads, then it is skipped and those after it are not', () => {
    const log = logFile({ pollBytes: 10 });

    appendFileSync(log.path, 'x'.repeat(50));
    expect(log.poll()).toEqual({ lines: [], skipped: 40 });
    appendFileSync(log.path, '\nnext\n');

    expect(log.poll().lines).toContain('next');
  });

  it('given that it is full, then it is put aside, and the child goes on in an empty one', () => {
    const log = logFile({ maxBytes: 10 });
    const child = (text: string): unknown =>
      spawnSync('/bin/sh', ['-c', `echo ${text}`], { stdio: ['ignore', log.descriptor, 'inherit'] });

    child('long-enough');
    expect(log.poll().lines).toEqual(['long-enough']);
    child('more');

    expect(kept(1)).toBe('long-enough\n');
    expect(readFileSync(log.path, 'utf8')).toBe('more\n');
    expect(log.poll().lines).toEqual(['more']);
  });

  it('given that it fills again and again, then only the newest are kept', () => {
    const log = logFile({ maxBytes: 3, kept: 2 });

    for (const line of ['first', 'second', 'third']) {
      log.append(line);
      log.poll();
    }

    expect([kept(1), kept(2)]).toEqual(['third\n', 'second\n']);
    expect(existsSync(folder('x.log.3'))).toBe(false);
  });

  it('given one of an earlier run, then that is put aside; given an empty one, then not', () => {
    writeFileSync(folder('x.log'), 'earlier\n');

    expect(logFile().poll().lines).toEqual([]);
    logFile();

    expect(kept(1)).toBe('earlier\n');
    expect(existsSync(folder('x.log.2'))).toBe(false);
  });

  it('given that somebody empties it, then what comes after is handed on', () => {
    const log = logFile();
    log.append('a long line before');
    log.poll();

    truncateSync(log.path);
    log.append('after');

    expect(log.poll().lines).toEqual(['after']);
  });

  it('given that somebody deletes it, then logging goes on, and it may fill up', () => {
    const log = logFile({ maxBytes: 3 });

    rmSync(log.path);
    log.append('without a name');
    expect(log.poll().lines).toEqual(['without a name']);
    log.append('still');

    expect(log.poll().lines).toEqual(['still']);
  });

  it('given a line that comes after the close, then it is dropped', () => {
    const log = new LogFile(folder('x.log'));
    log.close();

    log.append('late');

    expect(readFileSync(log.path, 'utf8')).toBe('');
  });
});
