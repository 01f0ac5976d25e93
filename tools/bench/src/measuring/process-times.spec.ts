import { describe, expect, it } from '@jest/globals';
import { cpuSeconds, parseStat, parseTime, processTimes } from './process-times.js';

describe('CPU time', () => {
  it('of a line of /proc, is user and system time with that of ended children, whatever the name', () => {
    const stat = '4711 (a) b (c) S 12 4711 4711 0 -1 4194560 2480 0 0 0 250 50 70 30 20 0 1 0 3405 2641920 300';
    expect(parseStat(stat)).toEqual({ pid: 4711, parent: 12, seconds: 4 });
  });

  it.each([
    ['0:01.25', 1.25],
    ['01:02:03', 3_723],
    ['2-01:00:00', 176_400],
  ])('of ps, given %s, is %d s', (text, seconds) => {
    expect(parseTime(text)).toBeCloseTo(seconds);
  });

  it('of a process, is that of its descendants too', () => {
    const times = [
      { pid: 1, parent: 0, seconds: 1 },
      { pid: 2, parent: 1, seconds: 2 },
      { pid: 3, parent: 2, seconds: 4 },
      { pid: 4, parent: 0, seconds: 8 },
    ];
    expect(cpuSeconds(times, 1)).toBe(7);
    expect(cpuSeconds(times, 5)).toBe(0);
  });

  it('on this machine, knows this process', async () => {
    const own = (await processTimes()).find(({ pid }) => pid === process.pid);
    expect(own).toMatchObject({ parent: process.ppid });
    expect(own?.seconds).toBeGreaterThan(0);
  });
});
