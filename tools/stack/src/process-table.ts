import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The command line of a running process, arguments separated by spaces; undefined when there is none with this id. */
export async function commandLine(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const text = await read(`/proc/${pid}/cmdline`);
    // A process that has ended but was not waited for has an empty one.
    return text === undefined || text === '' ? undefined : text.split('\0').join(' ').trim();
  }
  const output = await ps(['-ww', '-o', 'stat=,command=', '-p', String(pid)]);
  const [, state, command] = /^\s*(\S+)\s+(.*)$/m.exec(output) ?? [];
  return state === undefined || state.startsWith('Z') ? undefined : command;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Sends a signal; false when the process is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Memory in bytes of a process with its children. On Linux shared pages count once (PSS). */
export async function memoryOf(pids: readonly number[]): Promise<Map<number, number>> {
  const rows = process.platform === 'linux' ? await linuxParents() : await residentSizes();
  const sizeOf = async (pid: number): Promise<number> => {
    const children = rows.filter(({ parent }) => parent === pid);
    const own =
      process.platform === 'linux' ? await proportionalSize(pid) : (rows.find((row) => row.pid === pid)?.size ?? 0);
    const sizes = await Promise.all(children.map((child) => sizeOf(child.pid)));
    return sizes.reduce((sum, size) => sum + size, own);
  };
  return new Map(await Promise.all(pids.map(async (pid): Promise<[number, number]> => [pid, await sizeOf(pid)])));
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly size: number;
}

async function linuxParents(): Promise<Row[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return Promise.all(
    pids.map(async (pid) => {
      const status = (await read(`/proc/${pid}/status`)) ?? '';
      return { pid, parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0), size: 0 };
    }),
  );
}

async function proportionalSize(pid: number): Promise<number> {
  const shared = await read(`/proc/${pid}/smaps_rollup`);
  const kib = /^Pss:\s+(\d+)/m.exec(shared ?? '') ?? /^VmRSS:\s+(\d+)/m.exec((await read(`/proc/${pid}/status`)) ?? '');
  return Number(kib?.[1] ?? 0) * 1024;
}

async function residentSizes(): Promise<Row[]> {
  const output = await ps(['-A', '-o', 'pid=,ppid=,rss=']);
  return output
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0, kib = 0]) => ({ pid, parent, size: kib * 1024 }));
}

/** `ps` fails when no process matches: nothing to tell. */
async function ps(args: readonly string[]): Promise<string> {
  return execute('ps', args).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

/** A process may end between being listed and being read. */
async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
