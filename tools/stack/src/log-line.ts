/** pino's levels. */
export const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;

export type LogLevel = (typeof LEVELS)[keyof typeof LEVELS];

/** A line of a log file. */
export interface LogEntry {
  readonly level: number;
  readonly service?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** Undefined for a line that is not one of ours. */
export function parseLogLine(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as Partial<LogEntry>;
    return typeof entry.level === 'number' ? { ...entry, level: entry.level } : undefined;
  } catch {
    // A line that was cut off, or JSON of another kind.
    return undefined;
  }
}

/** Makes a log line of any text that a program wrote. What is JSON in our form already stays. */
export function toLogLine(text: string, service: string, level: LogLevel, time: Date): string {
  if (parseLogLine(text)) return text;
  return JSON.stringify({ level, time: time.toISOString(), service, msg: text });
}

/** The level of a line of PostgreSQL, `2026-01-15 10:20:30.123 UTC [4711] LOG:  text`. A line that continues another has none. */
export function postgresLevel(line: string): LogLevel {
  const severity = /\] ([A-Z0-9]+): /.exec(line)?.[1];
  // Whoever connects while it starts or stops is told so.
  if (line.includes('FATAL:  the database system is')) return LEVELS.info;
  if (severity === 'FATAL' || severity === 'PANIC') return LEVELS.error;
  if (severity === 'ERROR' || severity === 'WARNING') return LEVELS.warn;
  return LEVELS.info;
}
