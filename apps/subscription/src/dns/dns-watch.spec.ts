import { describe, expect, it } from '@jest/globals';
import { silent } from '../testing/test-database.js';
import { until } from '../testing/until.js';
import { DnsWatch } from './dns-watch.js';

describe('the watch over DNS', () => {
  it('does its tasks one after the other, again and again, also after one has failed', async () => {
    const done: string[] = [];
    const task = (name: string) => ({
      failure: name,
      run: () => {
        done.push(name);
        return done.length === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
      },
    });
    const watch = new DnsWatch([task('keys'), task('domains')], silent, 1);
    watch.start();
    await until(() => (done.length >= 5 ? true : undefined), 'five turns');
    await watch.stop();
    expect(done.slice(0, 5)).toEqual(['keys', 'keys', 'domains', 'keys', 'domains']);
  });

  it('stops without waiting for name servers that do not answer', async () => {
    let asked = 0;
    const forever = { failure: 'forever', run: () => (asked++, new Promise<void>(() => undefined)) };
    const watch = new DnsWatch([forever, forever], silent, 1);
    watch.start();
    await until(() => (asked > 0 ? true : undefined), 'the first look');
    await watch.stop();
    expect(asked).toBe(1);
  });
});
