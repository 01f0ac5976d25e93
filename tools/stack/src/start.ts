import { once } from 'node:events';
import { relative } from 'node:path';
import { parseStartArguments } from '../setup/arguments.mjs';
import { Home } from './home.js';
import { LOOPBACK } from './ports.js';
import { readSettings } from './settings.js';
import { StackError } from './stack-error.js';
import { startStack } from './stack.js';
import type { Stack } from './stack.js';
import { TerminalLog } from './terminal-log.js';

/** `npm start`: everything on this machine, until a signal. */
const began = Date.now();
const say = (line: string): void => {
  console.log(line);
};
const log = new TerminalLog(say);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
// A terminal that has gone, or whoever read us: still everything is stopped in order.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => {
    stopping.abort();
  });

try {
  const stack = await startAll();
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  await stack.stop();
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  if (!stopping.signal.aborted) {
    log.showErrors();
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
if (stopping.signal.aborted) say('• stopped; the data stays for the next start');

async function startAll(): Promise<Stack> {
  const { reset } = parseStartArguments(process.argv.slice(2));
  const stack = await startStack(
    {
      ...readSettings(process.env),
      reset,
      say: (text) => {
        say(`• ${text}`);
      },
      show: (process, news) => {
        log.show(process, news);
      },
    },
    stopping.signal,
  );
  say(await summary(stack));
  log.open();
  return stack;
}

/** A second signal means at once: what still runs is killed when we exit. */
function stop(): void {
  if (stopping.signal.aborted) process.exit(1);
  say('\n• stopping everything in order (Ctrl-C again: at once)');
  stopping.abort();
}

async function summary(stack: Stack): Promise<string> {
  const { home, credentials } = stack;
  const running = await stack.processes();
  const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
  const rows = [
    ['', 'address', 'process', 'memory'],
    ...running.map(({ name, address, pid, memory }) => [name, address, String(pid ?? ''), mib(memory)]),
    ['gRPC', `${LOOPBACK}:${stack.ports.grpc}`],
    ['management', stack.managementUrls.subscription],
  ];
  const table = rows.map(([name = '', address = '', pid = '', memory = '']) =>
    `  ${name.padEnd(14)}${address.padEnd(24)}${pid.padStart(8)}${memory.padStart(10)}`.trimEnd(),
  );
  const total = running.reduce((sum, { memory }) => sum + memory, 0);
  const folder = relative(process.cwd(), home) || home;
  return `
Postduif is ready after ${((Date.now() - began) / 1_000).toFixed(1)} s.

${table.join('\n')}
  ${''.padEnd(46)}${mib(total).padStart(10)}

  API    ${credentials.api}
  Token  ${credentials.token}   (account ${credentials.account})
  Both are in ${relative(process.cwd(), new Home(home).credentials)}, logs in ${folder}/logs, this table's settings in: npm start -- --help

What next? In two other terminals:
  npm run receiver     a receiver that verifies signatures and prints what arrives
  npm run demo         webhooks for every trigger, and an event of each
Or with curl, as in the README. Ctrl-C stops everything.
`;
}
