import { WHEEL_TIERS } from '@postduif/contracts';
import type { TopicNames, TopicSpec } from '@postduif/contracts';
import type { TopicDifference } from '@postduif/kafka';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** How long a record must be kept beyond its delay: so long may nobody be there to move it on. */
export const LEAST_MARGIN_MS = 2 * DAY_MS;

/** Kafka would delete deliveries that still wait. Starting all the same would lose them. */
export class WheelRetentionError extends Error {
  override readonly name = 'WheelRetentionError';
  readonly code = 'wheel_retention_too_short';

  constructor(readonly problems: readonly string[]) {
    super(`Waiting deliveries would be lost. Change the configuration of these topics: ${problems.join('; ')}`);
  }
}

/** The topics to have, where those of the wheel also have no limit of size. */
export function withoutSizeLimit(specs: readonly TopicSpec[], { retry }: Pick<TopicNames, 'retry'>): TopicSpec[] {
  const wheel = new Set(Object.values(retry));
  return specs.map((spec) =>
    wheel.has(spec.topic) ? { ...spec, config: { ...spec.config, 'retention.bytes': '-1' } } : spec,
  );
}

/**
 * Every topic of the wheel must keep its records for its delay and two days more.
 *
 * @param differences where the topics that exist are not as `topicSpecs` and `withoutSizeLimit` want them
 * @throws {WheelRetentionError}
 */
export function checkWheelRetention(
  differences: readonly TopicDifference[],
  { retry }: Pick<TopicNames, 'retry'>,
): void {
  const problems = WHEEL_TIERS.flatMap(({ name, delayMs }) =>
    differences
      .filter(({ topic }) => topic === retry[name])
      .flatMap((difference) => problemOf(difference, delayMs + LEAST_MARGIN_MS) ?? []),
  );
  if (problems.length > 0) throw new WheelRetentionError(problems);
}

function problemOf({ topic, setting, actual }: TopicDifference, leastMs: number): string | undefined {
  switch (setting) {
    case 'retention.ms':
      // -1 is for ever.
      return Number(actual) >= 0 && Number(actual) < leastMs
        ? `${topic} keeps records for ${actual} ms, set retention.ms to at least ${leastMs}`
        : undefined;
    case 'retention.bytes':
      return `${topic} keeps at most ${actual} bytes, set retention.bytes to -1`;
    case 'cleanup.policy':
      return `${topic} has the clean-up policy ${actual}, set cleanup.policy to delete`;
    default:
      return undefined;
  }
}
