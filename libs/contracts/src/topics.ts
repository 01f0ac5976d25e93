/**
 * Every topic of the platform, in one table. It creates the topics locally and is the only place that names them
 * (design: names do not change without a migration).
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Largest record on any topic, in bytes. */
export const MAX_RECORD_BYTES = 8 * 1024 * 1024;

/** Largest body of a delivery, in bytes: with its headers it fits into a record on every topic. No event is accepted that has a larger one. */
export const MAX_BODY_BYTES = MAX_RECORD_BYTES - 128 * 1024;

/** Fixed delays of the retry wheel, shortest first. The name is part of the topic's name. */
export const WHEEL_TIERS = [
  { name: '1s', delayMs: SECOND },
  { name: '5s', delayMs: 5 * SECOND },
  { name: '30s', delayMs: 30 * SECOND },
  { name: '3m', delayMs: 3 * MINUTE },
  { name: '15m', delayMs: 15 * MINUTE },
  { name: '1h', delayMs: HOUR },
  { name: '4h', delayMs: 4 * HOUR },
  { name: '12h', delayMs: 12 * HOUR },
] as const;

export type WheelTierName = (typeof WHEEL_TIERS)[number]['name'];

interface TopicDefinition {
  /** Name without the prefix. */
  readonly name: string;
  /** `many` is the installation's `KAFKA_PARTITIONS`. */
  readonly partitions: 'many' | 'one';
  readonly cleanup:
    | { readonly policy: 'delete'; readonly retentionMs: number; readonly segmentMs?: number }
    | { readonly policy: 'compact' };
}

const kept = (name: string, retentionMs: number): TopicDefinition => ({
  name,
  partitions: 'many',
  cleanup: { policy: 'delete', retentionMs },
});

const definitions: readonly TopicDefinition[] = [
  kept('ingest', 7 * DAY),
  kept('ingest.rejected', 30 * DAY),
  kept('events', 7 * DAY),
  // Read as a whole by each fan-out that starts, so a little more than is asked of it.
  {
    name: 'events.identities',
    partitions: 'one',
    cleanup: { policy: 'delete', retentionMs: 15 * MINUTE, segmentMs: 5 * MINUTE },
  },
  { name: 'config', partitions: 'one', cleanup: { policy: 'compact' } },
  kept('deliveries', 7 * DAY),
  ...WHEEL_TIERS.map((tier) => kept(`deliveries.retry.${tier.name}`, tier.delayMs + 7 * DAY)),
  kept('deliveries.dead', 30 * DAY),
  kept('attempts', 7 * DAY),
];

/** The topics' full names under one prefix. */
export interface TopicNames {
  readonly ingest: string;
  readonly ingestRejected: string;
  readonly events: string;
  readonly identities: string;
  readonly config: string;
  readonly deliveries: string;
  readonly retry: Readonly<Record<WheelTierName, string>>;
  readonly dead: string;
  readonly attempts: string;
}

/** Full topic names. `prefix` is the setting `KAFKA_TOPIC_PREFIX`, `postduif.` by default. */
export function topicNames(prefix: string): TopicNames {
  const retry = Object.fromEntries(WHEEL_TIERS.map((tier) => [tier.name, `${prefix}deliveries.retry.${tier.name}`]));
  return {
    ingest: `${prefix}ingest`,
    ingestRejected: `${prefix}ingest.rejected`,
    events: `${prefix}events`,
    identities: `${prefix}events.identities`,
    config: `${prefix}config`,
    deliveries: `${prefix}deliveries`,
    retry: retry as Record<WheelTierName, string>,
    dead: `${prefix}deliveries.dead`,
    attempts: `${prefix}attempts`,
  };
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

/** What to create on a broker: partitions, replication and the topic's configuration. */
export function topicSpecs(options: { prefix: string; partitions: number; replicationFactor: number }): TopicSpec[] {
  return definitions.map((definition) => ({
    topic: options.prefix + definition.name,
    partitions: definition.partitions === 'one' ? 1 : options.partitions,
    replicationFactor: options.replicationFactor,
    config: {
      'max.message.bytes': String(MAX_RECORD_BYTES),
      // With acks=all: what is accepted survives the loss of a broker, and one broker less stops nothing.
      'min.insync.replicas': String(Math.max(1, options.replicationFactor - 1)),
      ...cleanupConfig(definition.cleanup),
    },
  }));
}

function cleanupConfig(cleanup: TopicDefinition['cleanup']): Record<string, string> {
  if (cleanup.policy === 'compact') return { 'cleanup.policy': 'compact' };
  const { retentionMs, segmentMs } = cleanup;
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    // Kafka deletes no record before the segment that it is in is closed, which is after a week by default.
    ...(segmentMs === undefined ? {} : { 'segment.ms': String(segmentMs) }),
  };
}
