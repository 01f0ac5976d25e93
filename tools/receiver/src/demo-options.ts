import { parseOptions, wholeNumber } from './command-line.js';
import { DEFAULT_PORT, homeOf } from './receiver-options.js';

export interface DemoOptions {
  /** Port of the receiver. */
  readonly port: number;
  /** How often every event is sent. */
  readonly count: number;
  readonly home: string;
  readonly help: boolean;
}

export const DEMO_HELP = `Registers a webhook for every trigger on the local receiver and sends an event of each.

  npm run demo -- [switches]

  --port <n>       port of npm run receiver (default ${DEFAULT_PORT})
  --count <n>      send every event so many times (default 1)
  --home <folder>  folder with credentials.json of npm start (default .postduif)
  --help           this text
`;

/** Understands the command line. Throws `UsageError`. */
export function parseDemoOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): DemoOptions {
  const given = parseOptions(args, {
    port: { type: 'string' },
    count: { type: 'string' },
    home: { type: 'string' },
    help: { type: 'boolean' },
  });
  return {
    port: wholeNumber('port', given.port, 1, 65_535) ?? DEFAULT_PORT,
    count: wholeNumber('count', given.count, 1, 100_000) ?? 1,
    home: homeOf(given.home, environment),
    help: given.help ?? false,
  };
}
