import type { Table } from '../results/result.js';
import { OWN_PROCESSES } from '../system/system.js';

/** What a part of a scenario has used. */
export interface Usage {
  readonly name: string;
  /** CPU seconds by process. */
  readonly cpu: ReadonlyMap<string, number>;
  /** Most memory by process, in bytes. */
  readonly peaks: ReadonlyMap<string, number>;
  readonly deliveries: number;
}

const MIB = 1024 ** 2;

/** CPU seconds of the system itself, without what drives and measures it. */
export function systemCpu(cpu: ReadonlyMap<string, number>): number {
  return [...cpu].reduce((sum, [name, seconds]) => (OWN_PROCESSES.includes(name) ? sum : sum + seconds), 0);
}

/** CPU seconds by process, a column for each part. */
export function cpuTable(parts: readonly Usage[]): Table {
  return {
    title: 'CPU seconds by process; load, receivers and supervisor belong to the benchmark, not to the system',
    columns: [{ name: 'process' }, ...parts.map(({ name }) => ({ name, digits: 1 }))],
    rows: [
      ...processes(parts, 'cpu').map((name) => [name, ...parts.map(({ cpu }) => cpu.get(name) ?? null)]),
      ['the system', ...parts.map(({ cpu }) => systemCpu(cpu))],
      ['µs a delivery', ...parts.map(({ cpu, deliveries }) => (1e6 * systemCpu(cpu)) / deliveries)],
    ],
  };
}

/** Most memory by process, a column for each part. */
export function memoryTable(parts: readonly Usage[]): Table {
  const total = ({ peaks }: Usage): number => [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    title: 'Most memory by process (looked at every three seconds; on Linux shared pages count once)',
    columns: [{ name: 'process' }, ...parts.map(({ name }) => ({ name, unit: 'MiB' }))],
    rows: [
      ...processes(parts, 'peaks')
        .filter((name) => !OWN_PROCESSES.includes(name))
        .map((name) => [name, ...parts.map(({ peaks }) => (peaks.get(name) ?? 0) / MIB)]),
      ['sum', ...parts.map((part) => total(part) / MIB)],
    ],
  };
}

function processes(parts: readonly Usage[], of: 'cpu' | 'peaks'): string[] {
  return [...new Set(parts.flatMap((part) => [...part[of].keys()]))];
}
