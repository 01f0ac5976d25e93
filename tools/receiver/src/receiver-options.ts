import { parseOptions, UsageError, wholeNumber } from './command-line.js';

export const DEFAULT_PORT = 9090;

/** How requests are answered. */
export interface Answering {
  /** So many requests get a 500 first. */
  readonly fail: number;
  /** Status of all others. */
  readonly status: number;
  /** Never answer. */
  readonly hang: boolean;
  /** Milliseconds before an answer. */
  readonly delayMs: number;
  /** Seconds in `Retry-After`, with every answer that is not 2xx. */
  readonly retryAfter: number | undefined;
}

export interface ReceiverOptions {
  readonly port: number;
  /** Folder with `credentials.json`. */
  readonly home: string;
  readonly answering: Answering;
  /** Verification files by name (spec section 7.1). */
  readonly files: ReadonlyMap<string, string>;
  readonly output: 'readable' | 'json' | 'quiet';
  readonly help: boolean;
}

export const RECEIVER_HELP = `A local receiver of webhooks: verifies what arrives and prints it.

  npm run receiver -- [switches]

  --port <n>                        listen on 127.0.0.1:<n>; 0 takes any free port (default ${DEFAULT_PORT})
  --fail <n>                        answer the first <n> requests with 500
  --status <n>                      answer with this status instead of 200
  --hang                            never answer
  --delay <ms>                      wait before answering
  --retry-after <s>                 send Retry-After with every answer that is not 2xx
  --verification-file <name>=<text> serve this file under any path; may be repeated
  --home <folder>                   folder with credentials.json of npm start (default .postduif)
  --quiet                           print a line only for what is not right
  --json                            print one JSON object a line
  --help                            this text
`;

/** Understands the command line. Throws `UsageError`. */
export function parseReceiverOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ReceiverOptions {
  const given = parseOptions(args, {
    port: { type: 'string' },
    fail: { type: 'string' },
    status: { type: 'string' },
    hang: { type: 'boolean' },
    delay: { type: 'string' },
    'retry-after': { type: 'string' },
    'verification-file': { type: 'string', multiple: true },
    home: { type: 'string' },
    quiet: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  });
  if (given.quiet === true && given.json === true) throw new UsageError('Give --quiet or --json, not both.');
  return {
    port: wholeNumber('port', given.port, 0, 65_535) ?? DEFAULT_PORT,
    home: homeOf(given.home, environment),
    answering: {
      fail: wholeNumber('fail', given.fail, 0, 1_000_000) ?? 0,
      status: wholeNumber('status', given.status, 200, 599) ?? 200,
      hang: given.hang ?? false,
      delayMs: wholeNumber('delay', given.delay, 0, 3_600_000) ?? 0,
      retryAfter: wholeNumber('retry-after', given['retry-after'], 0, 1_000_000),
    },
    files: new Map((given['verification-file'] ?? []).map(parseFile)),
    output: given.json === true ? 'json' : given.quiet === true ? 'quiet' : 'readable',
    help: given.help ?? false,
  };
}

/** `--home`, else `POSTDUIF_HOME`, else `.postduif`, as `npm start` does. */
export function homeOf(given: string | undefined, environment: Readonly<Record<string, string | undefined>>): string {
  const { POSTDUIF_HOME: home = '' } = environment;
  return given ?? (home === '' ? '.postduif' : home);
}

function parseFile(text: string): [string, string] {
  const [, name, contents] = /^([^=/]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || contents === undefined)
    throw new UsageError('--verification-file must be <name>=<contents>, the name without a path.');
  return [name, contents];
}
