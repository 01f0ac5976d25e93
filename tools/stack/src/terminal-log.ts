import { prettyFactory } from 'pino-pretty';
import type { LogNews } from './log-file.js';
import { LEVELS, parseLogLine } from './log-line.js';
import type { ProcessDefinition } from './process-definition.js';

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
  #from: number = LEVELS.error;

  constructor(private readonly write: (line: string) => void) {}

  /** From now on everything from info on is shown; before, errors only: at a start nobody is there yet to answer. */
  open(): void {
    this.#from = LEVELS.info;
  }

  show({ name, shownFrom = LEVELS.info }: ProcessDefinition, { lines, skipped }: LogNews): void {
    const prefix = name.padEnd(12);
    if (skipped > 0) this.write(`${prefix} … ${skipped} bytes more, in its log file`);
    for (const line of lines) {
      const level = parseLogLine(line)?.level;
      if (level !== undefined && level >= Math.max(this.#from, shownFrom))
        this.write(`${prefix} ${this.#pretty(line).trimEnd()}`);
    }
  }
}
