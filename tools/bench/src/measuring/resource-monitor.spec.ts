import { describe, expect, it } from '@jest/globals';
import type { Observed } from './resource-monitor.js';
import { cpuBetween, ResourceMonitor } from './resource-monitor.js';

/** A monitor of one process, `worker`, that is told what it sees. */
function monitorOf(worker: { now: Observed; seconds: Record<number, number> }): ResourceMonitor {
  return new ResourceMonitor(
    () => Promise.resolve([worker.now]),
    () =>
      Promise.resolve(
        Object.entries(worker.seconds).map(([pid, seconds]) => ({ pid: Number(pid), parent: 1, seconds })),
      ),
  );
}

const running = (pid: number, memory = 0): Observed => ({ name: 'worker', pid, memory });

describe('the resources of processes', () => {
  it('given a process that had worked before, counts from the first look on', async () => {
    const worker = { now: running(10), seconds: { 10: 5 } };
    const monitor = monitorOf(worker);
    expect((await monitor.look()).cpu.get('worker')).toBe(0);
    worker.seconds = { 10: 7 };
    expect((await monitor.look()).cpu.get('worker')).toBe(2);
  });

  it('given a process that is killed and started again, counts the CPU of both', async () => {
    const worker: Parameters<typeof monitorOf>[0] = { now: running(10), seconds: { 10: 5 } };
    const monitor = monitorOf(worker);
    const begin = await monitor.look();
    worker.seconds = { 10: 8 };
    await monitor.look();
    worker.now = { name: 'worker', pid: undefined, memory: 0 };
    worker.seconds = {};
    await monitor.look();
    worker.now = running(11);
    worker.seconds = { 11: 4 };
    expect(cpuBetween(begin, await monitor.look()).get('worker')).toBe(7);
  });

  it('given a process that knows its own time, takes that', async () => {
    const worker = { now: { ...running(10), seconds: 1 }, seconds: { 10: 100 } };
    const monitor = monitorOf(worker);
    await monitor.look();
    worker.now = { ...running(10), seconds: 3 };
    expect((await monitor.look()).cpu.get('worker')).toBe(2);
  });

  it('keeps the most memory since the peaks were last forgotten', async () => {
    const worker = { now: running(10, 300), seconds: { 10: 1 } };
    const monitor = monitorOf(worker);
    await monitor.look();
    monitor.newPeaks();
    for (const memory of [100, 200, 50]) {
      worker.now = running(10, memory);
      await monitor.look();
    }
    expect(monitor.peaks.get('worker')).toBe(200);
  });
});
