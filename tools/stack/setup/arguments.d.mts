export const COMMANDS: Readonly<Record<string, { readonly script: string; readonly kafka: boolean }>>;
export const START_USAGE: string;
export const TEST_USAGE: string;
export class UsageError extends Error {}
export function parseStartArguments(args: readonly string[]): { readonly help: boolean; readonly reset: boolean };
