import { prettyFactory } from 'pino-pretty';
import type { LogNews } from './log-file.js';
import { LEVELS, parseLogLine } from './log-line.js';
import type { LogEntry, LogLevel } from './log-line.js';
import type { ProcessDefinition } from './process-definition.js';

const MOST_KEPT = 20;
/** Of what is new in a log, no more lines than a person can read are shown, and every error. */
const MOST_AT_ONCE = 20;

/** Shows logs to a person. What is too detailed or too much stays in the files. */
export class TerminalLog {
  readonly #pretty = prettyFactory({
    colorize: process.stdout.isTTY,
    ignore: 'pid,hostname,service',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    // An error is one line here; its stack is in the file.
    errorLikeObjectKeys: [],
  });
  #kept: string[] | undefined = [];

  constructor(private readonly write: (line: string) => void) {}

  /**
   * From now on everything from info on is shown. Before, nothing: services that start side by side complain of each other, and nobody
   * is there yet to answer.
   */
  open(): void {
    this.#kept = undefined;
  }

  /** Shows the last errors of a start that has failed. */
  showErrors(): void {
    for (const line of this.#kept ?? []) this.write(line);
  }

  show({ name, shownFrom = LEVELS.info }: ProcessDefinition, { lines, skipped }: LogNews): void {
    const prefix = name.padEnd(12);
    if (skipped > 0) this.#put(LEVELS.info, `${prefix} … ${skipped} bytes more, in its log file`);
    const entries = lines.flatMap((line) => {
      const entry = parseLogLine(line);
      return entry && entry.level >= Math.max(shownFrom, ownLevel(entry)) ? [entry] : [];
    });
    const shown = entries.filter(
      (entry, index) => entry.level >= LEVELS.error || index >= entries.length - MOST_AT_ONCE,
    );
    if (shown.length < entries.length)
      this.#put(LEVELS.info, `${prefix} … ${entries.length - shown.length} lines more, in its log file`);
    for (const entry of shown) this.#put(entry.level, `${prefix} ${this.#format(entry)}`);
  }

  #put(level: number, line: string): void {
    if (this.#kept === undefined) this.write(line);
    else if (level >= LEVELS.error) this.#kept = [...this.#kept, line].slice(-MOST_KEPT);
  }

  #format({ err, error, stack: _stack, ...entry }: LogEntry): string {
    const reason = messageOf(err) ?? messageOf(error);
    return this.#pretty(reason === undefined ? entry : { ...entry, error: reason }).trimEnd();
  }
}

/** A library names its logger. What it warns of, the service says in its own words if it matters. */
function ownLevel({ logger }: LogEntry): LogLevel {
  return logger === undefined ? LEVELS.info : LEVELS.error;
}

/** What an error says, in a line. */
function messageOf(error: unknown): string | undefined {
  const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return typeof text === 'string' && text !== '' ? text.split('\n')[0] : undefined;
}
