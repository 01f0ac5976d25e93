import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessDefinition } from '../process-definition.js';

/** What a small real program does; it is a script of Node.js. */
export interface Behaviour {
  /** Runs first. */
  readonly begin?: string;
  /** Runs on the signal that ends it. */
  readonly stop?: string;
  readonly stopStage?: number;
  readonly stopTimeoutMs?: number;
  readonly hopelessExitCodes?: readonly number[];
  readonly prepare?: () => Promise<void>;
}

/** A program that runs until it is told to stop, is ready when it has said so in a file, and notes what it does. */
export function program(folder: string, name: string, behaviour: Behaviour = {}): ProcessDefinition {
  const script = join(folder, `${name}.mjs`);
  const readyFile = join(folder, `${name}.ready`);
  const { begin = 'ready();', stop = 'note("stops"); process.exit(0);', prepare, ...rest } = behaviour;
  writeFileSync(
    script,
    `import { appendFileSync, writeFileSync } from 'node:fs';
     const note = (what) => appendFileSync(${JSON.stringify(join(folder, 'notes'))}, '${name} ' + what + '\\n');
     const ready = () => writeFileSync(${JSON.stringify(readyFile)}, '');
     process.on('SIGTERM', () => { ${stop} });
     setInterval(() => undefined, 1_000);
     ${begin}`,
  );
  return {
    name,
    command: process.execPath,
    args: [script],
    env: {},
    marker: script,
    prepare: async () => {
      rmSync(readyFile, { force: true });
      await prepare?.();
    },
    ready: () => Promise.resolve(existsSync(readyFile) || 'has not said so'),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    stopStage: 1,
    ...rest,
  };
}

/** What programs in a folder have noted, in order. */
export function notes(folder: string): string[] {
  const path = join(folder, 'notes');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}
