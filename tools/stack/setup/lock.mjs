import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stopping } from './interruption.mjs';
import { startOf } from './process-start.mjs';
import { note } from './progress.mjs';

const POLL_MS = 300;

/** Lets only one process at a time set up a checkout; another one waits, and says so. */
export async function withLock(folder, subject, work) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha256').update(subject).digest('hex').slice(0, 16));
  const release = await waitFor(path);
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.removeListener('exit', release);
  }
}

async function waitFor(path) {
  let said = false;
  for (;;) {
    const { release, holder } = tryLock(path);
    if (release) return release;
    if (!said) note(`Waiting for another run that is setting up this checkout (process ${holder}) …`);
    said = true;
    await delay(POLL_MS, undefined, { signal: stopping });
  }
}

/**
 * Takes a lock: `{ release }`, or `{ holder }` (a process id) when a living process has it.
 *
 * A lock is a file that names its holder, and is free when that has died or has emptied it. It is never taken over in place, since two
 * could do so at once: whoever finds `path.7` free makes `path.8`, which only one can. Numbers only grow.
 */
export function tryLock(path) {
  for (;;) {
    const last = newest(path);
    const holder = holderOf(`${path}.${last}`);
    if (holder !== undefined) return { holder };
    if (make(path, last + 1)) return { release: () => writeFileSync(`${path}.${last + 1}`, '') };
  }
}

/** A hard link appears with its contents, or not at all: nobody ever reads a lock without its holder. */
function make(path, number) {
  const own = `${path}.${number}`;
  const draft = `${own}.new-${process.pid}`;
  writeFileSync(draft, `${process.pid} ${startOf(process.pid)}`, { mode: 0o600 });
  try {
    linkSync(draft, own);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
  // Others may have gone on to higher numbers, and removed this one, before we made it.
  const late = newest(path) > number;
  for (const older of late ? [number] : numbers(path).filter((other) => other < number))
    rmSync(`${path}.${older}`, { force: true });
  return !late;
}

function newest(path) {
  return Math.max(0, ...numbers(path));
}

function numbers(path) {
  const name = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((file) => file.startsWith(name) && /^\d+$/.test(file.slice(name.length)))
    .map((file) => Number(file.slice(name.length)));
}

/** The id of the living process that holds a lock. Its start tells it from another one that has got the same id. */
function holderOf(file) {
  const [pid, ...start] = read(file).split(' ');
  return pid !== '' && startOf(Number(pid)) === start.join(' ') ? Number(pid) : undefined;
}

/** A lock that has gone meanwhile has a successor, or is the first that nobody has made yet. */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}
