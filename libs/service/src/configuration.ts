import { z } from 'zod';

/** Settings that every service has. All settings are environment variables, checked before anything starts. */
const commonSettings = z.object({
  /** Kafka's bootstrap servers, `host:port`, comma separated. */
  KAFKA_BROKERS: z
    .string('set it to host:port of at least one Kafka broker')
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .pipe(
      z
        .array(z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'must be host:port, comma separated'))
        .min(1),
    ),
  KAFKA_TOPIC_PREFIX: z
    .string()
    .max(100)
    .regex(/^[a-zA-Z0-9._-]*$/, 'may hold letters, digits, `.`, `_` and `-`')
    .default('postduif.'),
  /** Partitions of the topics that this service creates when they do not exist. */
  KAFKA_PARTITIONS: integer(1, 1_000).default(6),
  KAFKA_REPLICATION_FACTOR: integer(1, 10).default(1),
  /**
   * Name of this process that no other instance of the service has, and that it has again after a restart, such as the pod's. With it the
   * work of a process that was killed goes on as soon as it is back; without it some seconds later. Default: none.
   */
  INSTANCE_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be 1 to 200 letters, digits, `.`, `_` or `-`')
    .optional(),
  HOST: z.string().min(1).default('0.0.0.0'),
  PORT: integer(0, 65_535).default(8080),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
});

export type CommonSettings = z.output<typeof commonSettings>;

/** A whole number in an environment variable, within bounds. */
export function integer(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.int().min(least, message).max(most, message));
}

/** Raised before anything starts; the message names each wrong setting and what it must be. Values are never shown. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'configuration_invalid';

  constructor(readonly problems: readonly string[]) {
    super(
      `These settings (environment variables) are not right:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
  }
}

/** Parses the environment. An empty variable counts as absent. Throws `ConfigurationError`. */
export function parseSettings<S extends z.ZodRawShape>(
  shape: S,
  environment: Readonly<Record<string, string | undefined>>,
): CommonSettings & z.output<z.ZodObject<S>> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const common = commonSettings.safeParse(given);
  const own = z.object(shape).safeParse(given);
  if (common.success && own.success) return { ...common.data, ...own.data };
  const issues = [...(common.error?.issues ?? []), ...(own.error?.issues ?? [])];
  throw new ConfigurationError(issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`));
}
