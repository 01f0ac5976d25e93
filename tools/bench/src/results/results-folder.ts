import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultSchema } from './result.js';
import type { Result } from './result.js';

/** Where results are kept, a file for each scenario: the newest wins. */
export class ResultsFolder {
  constructor(readonly path: string) {}

  write(result: Result): string {
    return this.writeFile(`${result.scenario}.json`, `${JSON.stringify(result, undefined, 2)}\n`);
  }

  /** Undefined when the scenario has not been run. Throws a `ZodError` for a file of another version. */
  read(scenario: string): Result | undefined {
    const file = join(this.path, `${scenario}.json`);
    return existsSync(file) ? resultSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  }

  /** Writes a file beside the results; returns its path. */
  writeFile(name: string, text: string): string {
    mkdirSync(this.path, { recursive: true });
    const file = join(this.path, name);
    writeFileSync(file, text);
    return file;
  }
}
