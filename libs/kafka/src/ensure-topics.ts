import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import { withAdmin } from './client.js';
import type { KafkaClients } from './client.js';
import type { Log } from './log.js';
import { refusalOf } from './refusal.js';

const MOST_TRIES = 20;
const RETRY_PAUSE_MS = 100;

export interface TopicToHave {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic configuration as Kafka names it. What is not named keeps the broker's default. */
  readonly config: Readonly<Record<string, string>>;
}

/** Where an existing topic is not as wanted. */
export interface TopicDifference {
  readonly topic: string;
  /** `partitions`, or the name of a configuration entry. */
  readonly setting: string;
  readonly wanted: string;
  readonly actual: string;
}

/**
 * Creates the topics that are missing. Changes and deletes nothing: where an existing topic has fewer partitions or another configuration
 * than wanted, it says so in the log and in the answer. Several services may do this at once. Waits some minutes for a broker
 * that is away, then rejects.
 */
export function ensureTopics(
  kafka: Pick<KafkaClients, 'admin'>,
  wanted: readonly TopicToHave[],
  log: Log,
): Promise<TopicDifference[]> {
  return withAdmin(
    kafka,
    async (admin) => {
      const differences = await whenKnown(() => have(admin, wanted, log));
      for (const difference of differences) log.warn(difference, 'a topic is not as it should be; it is left as it is');
      return differences;
    },
    { patient: true },
  );
}

/** A busy broker may answer for a moment that it does not know what it has just made. */
async function whenKnown<T>(task: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await task();
    } catch (error) {
      if (refusalOf(error) !== 'UNKNOWN_TOPIC_OR_PARTITION' || tries === MOST_TRIES) throw error;
      await pause(RETRY_PAUSE_MS);
    }
  }
}

async function have(admin: Admin, wanted: readonly TopicToHave[], log: Log): Promise<TopicDifference[]> {
  const existing = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) await create(admin, missing, log);
  return compare(admin, wanted);
}

async function create(admin: Admin, missing: readonly TopicToHave[], log: Log): Promise<void> {
  const topics = missing.map(({ topic, partitions, replicationFactor, config }) => ({
    topic,
    numPartitions: partitions,
    replicationFactor,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
  }));
  // False when another service was faster with some of them, and then kafkajs has not waited for the rest.
  if (await admin.createTopics({ topics })) log.info({ topics: missing.map(({ topic }) => topic) }, 'topics created');
  else for (const topic of topics) await admin.createTopics({ topics: [topic] });
}

async function compare(admin: Admin, wanted: readonly TopicToHave[]): Promise<TopicDifference[]> {
  const names = wanted.map(({ topic }) => topic);
  if (names.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return wanted.flatMap((topic) => {
    const partitions = topics.find(({ name }) => name === topic.topic)?.partitions.length ?? 0;
    const entries = resources.find(({ resourceName }) => resourceName === topic.topic)?.configEntries ?? [];
    return [...tooFewPartitions(topic, partitions), ...otherConfig(topic, entries)];
  });
}

function tooFewPartitions({ topic, partitions }: TopicToHave, actual: number): TopicDifference[] {
  if (actual >= partitions) return [];
  return [{ topic, setting: 'partitions', wanted: String(partitions), actual: String(actual) }];
}

function otherConfig(
  { topic, config }: TopicToHave,
  entries: readonly { readonly configName: string; readonly configValue: string }[],
): TopicDifference[] {
  return Object.entries(config).flatMap(([setting, wanted]) => {
    const actual = entries.find(({ configName }) => configName === setting)?.configValue;
    return actual === undefined || actual === wanted ? [] : [{ topic, setting, wanted, actual }];
  });
}
