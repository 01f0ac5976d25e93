import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** What is downloaded once for all checkouts: `POSTDUIF_CACHE`, or the place that the system has for caches. */
export function cacheFolder(environment = process.env, platform = process.platform, home = homedir()) {
  if (environment.POSTDUIF_CACHE) return resolve(environment.POSTDUIF_CACHE);
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'postduif');
  return join(environment.XDG_CACHE_HOME || join(home, '.cache'), 'postduif');
}
