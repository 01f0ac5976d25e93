import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { textTable } from '../results/table.js';
import { summarise } from './cpu-profile.js';
import type { CpuProfile, SelfTime } from './cpu-profile.js';

const MOST_FUNCTIONS = 25;
const MOST_PACKAGES = 12;

/** Where the time of each service went, for a terminal. A folder for each service, with the newest profile in it. */
export function profileTexts(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((service) => {
      const newest = newestProfile(join(folder, service));
      return newest === undefined ? [] : [profileText(service, newest)];
    });
}

function newestProfile(folder: string): string | undefined {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

function profileText(service: string, file: string): string {
  const { busySeconds, functions, packages } = summarise(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile);
  const title = `${service}: ${busySeconds.toFixed(1)} s busy; ${file}`;
  return `${shares(title, 'package', packages, MOST_PACKAGES)}\n\n${shares('', 'function', functions, MOST_FUNCTIONS)}`;
}

function shares(title: string, what: string, times: readonly SelfTime[], most: number): string {
  const rows = times.slice(0, most).map(({ name, share }) => [100 * share, name]);
  return textTable({ title, columns: [{ name: 'self', unit: '%', digits: 1 }, { name: what }], rows });
}
