import { resolve } from 'node:path';
import { ROOT, StackError } from '@postduif/stack';
import { minutes, parseArguments, UsageError } from './command-line.js';
import { htmlReport, markdownReport, plotFiles } from './report/report.js';
import { ResultsFolder } from './results/results-folder.js';
import { runScenario } from './run.js';
import { SCENARIOS } from './scenarios/all.js';

/** `npm run bench`. Exit codes: 0 done, 1 failed or a promise was broken, 2 a mistake in the command line. */
const HELP = `npm run bench [-- scenario…] [-- --short] [-- --profile]      or      npm run bench -- report

Measures the real services on an embedded Kafka and PostgreSQL. Without a scenario it runs all of them:

${SCENARIOS.map((one) => `  ${one.name.padEnd(11)} ${minutes(one.seconds(false)).padStart(7)}  ${one.title}`).join('\n')}

  report      makes one page with tables and plots from the results that are there
  --short     a quick run to see that everything works; its figures mean nothing
  --profile   a CPU profile of every service, and a summary of where the time went
  --help      this text

Settings (environment variables): BENCH_FOLDER is where results go, default .bench; every other variable goes to the services.
`;

/** What a person may have set to see what it changes. */
const SETTINGS = ['LOG_LEVEL', 'KAFKA_PARTITIONS', 'MAX_IN_FLIGHT', 'UV_THREADPOOL_SIZE'];

const results = new ResultsFolder(resolve(ROOT, process.env.BENCH_FOLDER ?? '.bench'));
const say = (text: string): void => {
  console.log(text);
};
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    say(`stopping (${signal})`);
    stopping.abort();
  });

try {
  await main(process.argv.slice(2));
} catch (error) {
  // What fails because everything is being stopped is no news.
  if (!stopping.signal.aborted)
    console.error(error instanceof UsageError || error instanceof StackError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(args: readonly string[]): Promise<void> {
  const request = parseArguments(
    args,
    SCENARIOS.map(({ name }) => name),
  );
  if (request.kind === 'help') say(HELP);
  else if (request.kind === 'report') report();
  else await run(request.scenarios, request, args);
}

async function run(
  names: readonly string[],
  { short, profile }: { readonly short: boolean; readonly profile: boolean },
  args: readonly string[],
): Promise<void> {
  const scenarios = SCENARIOS.filter(({ name }) => names.includes(name));
  const estimate = scenarios.reduce((sum, scenario) => sum + scenario.seconds(short), 0);
  say(`${names.join(', ')}: about ${minutes(estimate)}`);
  const options = { short, profile, command: commandOf(args), results, say, signal: stopping.signal };
  for (const scenario of scenarios) {
    const { broken } = await runScenario(scenario, options);
    if (broken.length > 0) process.exitCode = 1;
  }
}

function report(): void {
  const found = SCENARIOS.map(({ name }) => results.read(name)).filter((result) => result !== undefined);
  if (found.length === 0) throw new UsageError('There are no results yet. Make some with: npm run bench');
  for (const [name, svg] of found.flatMap(plotFiles)) results.writeFile(name, svg);
  say(results.writeFile('report.md', markdownReport(found)));
  say(results.writeFile('report.html', htmlReport(found)));
}

function commandOf(args: readonly string[]): string {
  const set = SETTINGS.filter((name) => process.env[name]).map((name) => `${name}=${process.env[name] ?? ''} `);
  return `${set.join('')}npm run bench${args.length > 0 ? ` -- ${args.join(' ')}` : ''}`;
}
