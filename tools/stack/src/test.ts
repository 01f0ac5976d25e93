import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup/paths.mjs';
import type { Leftover } from './leftovers.js';
import { signalProcess } from './process-table.js';
import { readSettings } from './settings.js';
import { StackError } from './stack-error.js';
import { startStack } from './stack.js';
import { temporaryHome, TestFolder } from './test-folder.js';

/** `npm test`: Kafka and PostgreSQL once for all tests, then Jest. The last line says how many passed and failed. */
const PROJECTS = ['unit', 'integration', 'system'];
const asked = process.argv.slice(2);
const named = asked.filter((argument) => PROJECTS.includes(argument));
const projects = named.length > 0 ? named : PROJECTS;
const jestArguments = asked.filter((argument) => !PROJECTS.includes(argument));

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
tell('A run that was killed had left', await TestFolder.sweep());
const folder = TestFolder.create();
const resultsFile = join(folder.path, 'results.json');
let code = 1;
try {
  code = await run();
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  if (!stopping.signal.aborted) console.error(`\n${error.message}`);
}
const counts = summary();
const left = await folder.remove();
tell('Tests have left running', left);
process.exitCode = left.length > 0 ? 1 : code;
console.log(`${counts.passed} passed, ${process.exitCode === 0 ? counts.failed : Math.max(counts.failed, 1)} failed`);

async function run(): Promise<number> {
  if (projects.every((project) => project === 'unit')) return jest({});
  const { brokers, databaseUrl } = readSettings(process.env);
  const stores = await startStack(
    {
      home: temporaryHome(folder.path),
      services: [],
      durable: false,
      brokers,
      databaseUrl,
      say: (text) => {
        console.error(`• ${text}`);
      },
    },
    stopping.signal,
  );
  try {
    return await jest({ KAFKA_BROKERS: stores.brokers.join(','), DATABASE_URL: stores.databaseUrl });
  } finally {
    await stores.stop();
  }
}

function jest(environment: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--maxWorkers=2',
      '--selectProjects',
      ...projects,
      '--json',
      `--outputFile=${resultsFile}`,
      ...jestArguments,
    ],
    {
      cwd: ROOT,
      // Jest reports to stderr; with --json its stdout would repeat the file.
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...environment, POSTDUIF_TEST_RUN: folder.path },
      // A process group of its own: its workers, and what tests have started, end with it.
      detached: true,
    },
  );
  const end = (): void => {
    if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL');
  };
  stopping.signal.addEventListener('abort', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => {
      end();
      resolve(exitCode ?? 1);
    });
  });
}

/** A second signal means at once. */
function stop(): void {
  if (stopping.signal.aborted) process.exit(1);
  console.error('\n• stopping (Ctrl-C again: at once)');
  stopping.abort();
}

/** A suite that could not run counts as a failed test. */
function summary(): { readonly passed: number; readonly failed: number } {
  if (!existsSync(resultsFile)) return { passed: 0, failed: 1 };
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
    readonly numRuntimeErrorTestSuites: number;
  };
  return { passed: results.numPassedTests, failed: results.numFailedTests + results.numRuntimeErrorTestSuites };
}

function tell(what: string, left: readonly Leftover[]): void {
  if (left.length > 0) console.error(`${what}: ${left.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`);
}
