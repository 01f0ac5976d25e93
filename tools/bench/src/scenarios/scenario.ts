import type { Findings } from '../results/result.js';
import type { System } from '../system/system.js';

/** What a scenario runs with. */
export interface Bench {
  /** A smoke run: everything happens, but not long enough for figures. */
  readonly short: boolean;
  /** Told to the person at the terminal. */
  readonly say: (text: string) => void;
  /** A fresh system for a part of the scenario; stopped at the end. `part` names its profiles. */
  withSystem<T>(part: string, use: (system: System) => Promise<T>): Promise<T>;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** How long it takes, roughly. */
  seconds(short: boolean): number;
  run(bench: Bench): Promise<Findings>;
}

/** Starting and stopping a system, roughly. */
export const START_STOP_SECONDS = 20;
