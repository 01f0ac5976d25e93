import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './progress.mjs';

/** The checkout. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** What is downloaded once for all checkouts: `POSTDUIF_CACHE`, or the place that the system has for caches. */
export function cacheFolder(environment = process.env, platform = process.platform, home = homedir()) {
  if (environment.POSTDUIF_CACHE) return resolve(environment.POSTDUIF_CACHE);
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'postduif');
  return join(environment.XDG_CACHE_HOME || join(home, '.cache'), 'postduif');
}

/** Makes that place unless it is there. Throws `SetupError` when nothing can be kept in it. */
export function ensureCacheFolder(folder = cacheFolder()) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    throw new SetupError(
      `${folder}, the folder for what is downloaded once, cannot be used (${error.code}). Set POSTDUIF_CACHE to another one.`,
    );
  }
}
