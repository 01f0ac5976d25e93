import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from '../results/result.js';
import { unbundled } from './bundle.js';
import { summarise } from './cpu-profile.js';
import type { CpuProfile, Share } from './cpu-profile.js';

const MOST = { packages: 12, functions: 20, ours: 20 };

/** Where the time of each process went: three tables for each profile. */
export function profileTables(folder: string): Table[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()
    .flatMap((name) => tablesOf(join(folder, name)));
}

function tablesOf(file: string): Table[] {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const { busySeconds, packages, functions, ours } = summarise(unbundled(profile));
  return [
    shares(
      `${file}: ${busySeconds.toFixed(1)} s without idle time`,
      'package, with Node.js on its behalf',
      packages,
      MOST.packages,
    ),
    shares('By function', 'function alone', functions, MOST.functions),
    shares('By function of our own', 'function with what it calls', ours, MOST.ours),
  ];
}

function shares(title: string, what: string, parts: readonly Share[], most: number): Table {
  const rows = parts.slice(0, most).map(({ name, share }) => [100 * share, name]);
  return { title, columns: [{ name: 'share', unit: '%', digits: 1 }, { name: what }], rows };
}
