import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { until } from '../testing/until.js';
import { DnsWatch } from './dns-watch.js';

describe('the watch over DNS', () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });

  it('does its tasks one after the other, again and again; one that fails is said, and holds up no other', async () => {
    const done: string[] = [];
    const task = (name: string, outcome: () => Promise<void>) => ({
      failure: `${name} failed`,
      run: () => {
        done.push(name);
        return outcome();
      },
    });
    const tasks = [task('keys', () => Promise.reject(new Error('a bug'))), task('domains', () => Promise.resolve())];
    const watch = new DnsWatch(tasks, log, 1);
    watch.start();
    await until(() => (done.length >= 4 ? true : undefined), 'two turns');
    await watch.stop();
    expect(done.slice(0, 4)).toEqual(['keys', 'domains', 'keys', 'domains']);
    expect(lines[0]).toMatch(/a bug.*keys failed; trying again/);
  });

  it('stops without waiting for name servers that do not answer', async () => {
    let asked = 0;
    const forever = { failure: 'forever', run: () => (asked++, new Promise<void>(() => undefined)) };
    const watch = new DnsWatch([forever, forever], log, 1);
    watch.start();
    await until(() => (asked > 0 ? true : undefined), 'the first look');
    await watch.stop();
    expect(asked).toBe(1);
  });
});
