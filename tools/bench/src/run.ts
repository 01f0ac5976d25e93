import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { profileTables } from './profiles/profile-folder.js';
import { currentCommit, thisMachine } from './results/machine.js';
import type { Result } from './results/result.js';
import type { ResultsFolder } from './results/results-folder.js';
import { textTable } from './results/table.js';
import type { Bench, Scenario } from './scenarios/scenario.js';
import { System } from './system/system.js';

export interface RunOptions {
  readonly short: boolean;
  /** Profile every service and say where the time went. */
  readonly profile: boolean;
  readonly command: string;
  readonly results: ResultsFolder;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Runs a scenario, prints its tables and keeps its result. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Result> {
  const began = performance.now();
  const machine = thisMachine();
  let postgres = 'unknown';
  const bench: Bench = {
    short: options.short,
    say: options.say,
    withSystem: (part, use) =>
      withSystem(`${scenario.name}-${part}`, options, (system) => {
        postgres = system.postgres;
        return use(system);
      }),
  };
  const found = await scenario.run(bench);
  const result: Result = {
    scenario: scenario.name,
    title: scenario.title,
    command: options.command,
    at: new Date().toISOString(),
    seconds: Math.round((performance.now() - began) / 1_000),
    commit: currentCommit(),
    machine: { ...machine, postgres },
    ...found,
  };
  options.say(`\n${scenario.title}\n`);
  for (const table of result.tables) options.say(`${textTable(table)}\n`);
  for (const promise of result.broken) options.say(`BROKEN: ${promise}`);
  options.say(`Written to ${options.results.write(result)}`);
  return result;
}

async function withSystem<T>(part: string, options: RunOptions, use: (system: System) => Promise<T>): Promise<T> {
  const { results, say, signal, profile } = options;
  const profiles = profile ? join(results.path, 'profiles', part) : undefined;
  const system = await System.start({ home: join(results.path, 'stack'), profiles, say, signal });
  const stop = (): void => void system.stop();
  signal.addEventListener('abort', stop);
  try {
    return await use(system);
  } finally {
    signal.removeEventListener('abort', stop);
    await system.stop();
    if (profiles !== undefined) for (const table of profileTables(profiles)) say(`${textTable(table)}\n`);
  }
}
