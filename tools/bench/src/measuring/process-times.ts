import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process and the CPU seconds it has used, those of ended children included. */
export interface ProcessTime {
  readonly pid: number;
  readonly parent: number;
  readonly seconds: number;
}

/** Clock ticks a second in /proc; fixed for user space on every Linux that Node.js runs on. */
const TICKS = 100;

/** Every process of the machine. */
export async function processTimes(): Promise<ProcessTime[]> {
  return process.platform === 'linux' ? linuxTimes() : psTimes();
}

/** CPU seconds of a process with its children. */
export function cpuSeconds(times: readonly ProcessTime[], pid: number): number {
  const own = times.find((time) => time.pid === pid)?.seconds ?? 0;
  const children = times.filter(({ parent }) => parent === pid);
  return children.reduce((sum, child) => sum + cpuSeconds(times, child.pid), own);
}

async function linuxTimes(): Promise<ProcessTime[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // A process may end between being listed and being read.
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.filter((stat) => stat !== '').map(parseStat);
}

/** A line of /proc/<pid>/stat. The second field is the name in parentheses, which may hold anything. */
export function parseStat(stat: string): ProcessTime {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  // utime, stime, cutime, cstime
  const ticks = field(14) + field(15) + field(16) + field(17);
  return { pid: parseInt(stat, 10), parent: field(4), seconds: ticks / TICKS };
}

async function psTimes(): Promise<ProcessTime[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,time=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = '', parent = '', time = ''] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), seconds: parseTime(time) };
    });
}

/** `mm:ss.ss`, `hh:mm:ss` or `dd-hh:mm:ss`. */
export function parseTime(time: string): number {
  const [days, clock] = time.includes('-') ? time.split('-') : ['0', time];
  const seconds = (clock ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number(days) * 86_400 + seconds;
}
