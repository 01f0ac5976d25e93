// Entry of every npm script. Plain Node.js without dependencies: it works before node_modules exists.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { COMMANDS, parseStartArguments, START_USAGE, TEST_USAGE, UsageError } from './setup/arguments.mjs';
import { ensureCompiled } from './setup/compilation.mjs';
import { interrupt, stopping } from './setup/interruption.mjs';
import { ensureKafkaJars } from './setup/kafka-jars.mjs';
import { withLock } from './setup/lock.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { ensureCacheFolder, ROOT } from './setup/paths.mjs';
import { checkPrerequisites } from './setup/prerequisites.mjs';
import { SetupError } from './setup/progress.mjs';

const SAME_SIGNAL_MS = 500;
const endWithParent = pathToFileURL(join(ROOT, 'tools', 'stack', 'setup', 'end-with-parent.mjs')).href;
const bin = join(ROOT, 'node_modules', '.bin');
const node = join(bin, 'node');
let program;
let lastSignal = -Infinity;
if (process.env.npm_lifecycle_event) watchParent();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

async function main([name, ...args]) {
  const command = COMMANDS[name];
  if (command === undefined)
    throw new UsageError(`There is no command ${name}; there are ${Object.keys(COMMANDS).join(', ')}.`);
  const usage = usageFor(name, args);
  if (usage !== undefined) {
    console.log(usage);
    return 0;
  }
  const java = await setUp(command);
  stopping.throwIfAborted();
  return runProgram(join(ROOT, command.script), args, java);
}

function exitCodeOf(error) {
  if (stopping.aborted) return 130;
  if (!(error instanceof SetupError || error instanceof UsageError)) throw error;
  console.error(`\n${error.message}`);
  return error instanceof UsageError ? 2 : 1;
}

/** The text that was asked for instead of a run. Throws `UsageError` for arguments that `npm start` does not know. */
function usageFor(name, args) {
  if (name === 'start') return parseStartArguments(args).help ? START_USAGE : undefined;
  return name === 'test' && args.includes('--help') ? TEST_USAGE : undefined;
}

async function setUp({ kafka }) {
  const embedded = kafka && !process.env.KAFKA_BROKERS;
  const java = await checkPrerequisites({ kafka: embedded });
  await withLock(join(ensureCacheFolder(), 'locks'), ROOT, async () => {
    await ensurePackages(ROOT);
    if (embedded) await ensureKafkaJars();
    await ensureCompiled(ROOT, node);
  });
  return java;
}

/** Hands over to the compiled program, on the Node.js that npm installed; its exit code is ours. */
function runProgram(script, args, java) {
  program = spawn(node, ['--import', endWithParent, script, ...args], {
    // The channel closes when we end, however that happens.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A process group of its own: signals come from us only.
    detached: true,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...(java ? { POSTDUIF_JAVA: java } : {}) },
  });
  return new Promise((resolve, reject) => {
    program.on('error', reject);
    program.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** npm ends without telling us when it is ended by SIGTERM. We see that its shell, our parent, has gone. */
function watchParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (lastSignal < 0) stop('SIGTERM');
  }, 500);
  watch.unref();
}

/** One Ctrl-C may come from the terminal, from npm and from its shell; it counts once, for twice means by force. */
function stop(signal) {
  const now = performance.now();
  const again = now - lastSignal < SAME_SIGNAL_MS;
  lastSignal = now;
  if (again) return;
  interrupt();
  program?.kill(signal);
}
