import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** When a process was started, in the system's own words; with its id it names a process for ever. Undefined when it has ended. */
export function startOf(pid) {
  const [state, start] = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  return start === undefined || state.startsWith('Z') ? undefined : start;
}

function fromProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold anything; the state comes after it, the start 19 fields later.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [fields[0], fields[19]];
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return [];
    throw error;
  }
}

function fromPs(pid) {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state, ...start] = stdout.trim().split(/\s+/);
  return start.length > 0 ? [state, start.join(' ')] : [];
}
