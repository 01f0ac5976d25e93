import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../setup/paths.mjs';
import { Home } from './home.js';
import { stopLeftovers } from './leftovers.js';
import { readSettings } from './settings.js';
import { StackError } from './stack-error.js';
import { startStack } from './stack.js';

/** `npm test`: Kafka and PostgreSQL once for all tests, then Jest. The last line says how many passed and failed. */
const PROJECTS = ['unit', 'integration', 'system'];
const asked = process.argv.slice(2);
const named = asked.filter((argument) => PROJECTS.includes(argument));
const projects = named.length > 0 ? named : PROJECTS;
const jestArguments = asked.filter((argument) => !PROJECTS.includes(argument));

/** Also the place of every stack that a test starts. */
const folder = mkdtempSync(join(tmpdir(), 'postduif-test-'));
// As root, PostgreSQL runs as another user, who has to get in.
chmodSync(folder, 0o755);
let code = 1;
let result = '0 passed, 1 failed';
try {
  code = await run();
  result = summary(code);
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  console.error(`\n${error.message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = code;
console.log(result);

async function run(): Promise<number> {
  if (projects.every((project) => project === 'unit')) return jest({});
  const { brokers, databaseUrl } = readSettings(process.env);
  const stores = await startStack({
    home: join(folder, 'stores'),
    services: [],
    durable: false,
    brokers,
    databaseUrl,
    say: (text) => {
      console.error(`• ${text}`);
    },
  });
  try {
    const ended = await jest({ KAFKA_BROKERS: stores.brokers.join(','), DATABASE_URL: stores.databaseUrl });
    return (await nothingLeft()) ? ended : 1;
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
      '--disable-warning=TimeoutNegativeWarning',
      join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--maxWorkers=2',
      '--selectProjects',
      ...projects,
      '--json',
      `--outputFile=${join(folder, 'results.json')}`,
      ...jestArguments,
    ],
    {
      cwd: ROOT,
      // Jest reports to stderr; with --json its stdout would repeat the file.
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...environment, POSTDUIF_TEST_RUN: folder },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => {
      resolve(exitCode ?? 1);
    });
  });
}

/** Ends what a test has left running, and says so. */
async function nothingLeft(): Promise<boolean> {
  const homes = readdirSync(folder).filter((name) => name.startsWith('postduif-'));
  const left = (await Promise.all(homes.map((name) => stopLeftovers(new Home(join(folder, name)))))).flat();
  if (left.length > 0)
    console.error(`Tests left running: ${left.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`);
  return left.length === 0;
}

/** A suite that could not run counts as a failed test. */
function summary(exitCode: number): string {
  const file = join(folder, 'results.json');
  if (!existsSync(file)) return '0 passed, 1 failed';
  const results = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
    readonly numRuntimeErrorTestSuites: number;
  };
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return `${results.numPassedTests} passed, ${exitCode === 0 ? failed : Math.max(failed, 1)} failed`;
}
