import type { LogLevel } from './log-line.js';

/** How to run one program of a stack. */
export interface ProcessDefinition {
  readonly name: string;
  /** Started directly, without a shell: the process id is the program's own. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Whom to run as, when the supervisor is root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** A part of the command line that no other program has. */
  readonly marker: string;
  /** Runs before each start. */
  readonly prepare?: () => Promise<void>;
  /** Asked until it answers true; a sentence says what is missing. May reject instead. */
  readonly ready: () => Promise<true | string>;
  /** Ends the program gracefully. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** Milliseconds that a graceful end may take before the program is killed. */
  readonly stopTimeoutMs: number;
  /** Programs of a lower stage are stopped first. */
  readonly stopStage: number;
  /** Exit codes with which a new start is of no use before somebody has done something. */
  readonly hopelessExitCodes?: readonly number[];
  /** The level of a line that is not JSON. */
  readonly levelOf?: (line: string) => LogLevel;
  /** Lines below this level are only in the log file, never on the terminal. Default info (30). */
  readonly shownFrom?: LogLevel;
}
