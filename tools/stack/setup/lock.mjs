import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { note } from './progress.mjs';

/** Lets only one process at a time set up a checkout; another one waits, and says so. */
export async function withLock(folder, subject, work) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${createHash('sha256').update(subject).digest('hex').slice(0, 16)}.lock`);
  let said = false;
  while (!take(path)) {
    if (!said)
      note(`Waiting for another run that is setting up this checkout (process ${holder(path) ?? 'unknown'}) …`);
    said = true;
    await delay(300);
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.removeListener('exit', release);
  }
}

/** A hard link appears with its contents, or not at all: nobody ever reads a lock without its holder. */
function take(path) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const pid = holder(path);
    if (pid !== undefined && !isAlive(pid)) rmSync(path, { force: true });
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function holder(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
