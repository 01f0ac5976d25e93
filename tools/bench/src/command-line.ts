/** What `npm run bench -- …` asks for. */
export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'report' }
  | { readonly kind: 'run'; readonly scenarios: readonly string[]; readonly short: boolean; readonly profile: boolean };

/** What was typed is not right. The message says what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const SWITCHES = ['--short', '--profile', '--help', '-h'];

/** Without the name of a scenario all are meant. Throws `UsageError`. */
export function parseArguments(args: readonly string[], known: readonly string[]): Request {
  const switches = args.filter((arg) => arg.startsWith('-'));
  const names = args.filter((arg) => !arg.startsWith('-'));
  const unknown = [
    ...switches.filter((arg) => !SWITCHES.includes(arg)),
    ...names.filter((name) => name !== 'report' && !known.includes(name)),
  ];
  if (unknown.length > 0)
    throw new UsageError(`npm run bench does not know ${unknown.join(', ')}. Its scenarios are ${known.join(', ')}.`);
  if (switches.includes('--help') || switches.includes('-h')) return { kind: 'help' };
  if (names.includes('report')) {
    if (args.length > 1) throw new UsageError('report makes a page of the results that are there; give it alone.');
    return { kind: 'report' };
  }
  return {
    kind: 'run',
    scenarios: known.filter((name) => names.length === 0 || names.includes(name)),
    short: switches.includes('--short'),
    profile: switches.includes('--profile'),
  };
}

/** How long, for people. */
export function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
