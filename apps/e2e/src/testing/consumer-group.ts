import { plainKafka } from './recorded-topic.js';
import { until } from './until.js';

/** Resolves when a group has committed everything that is on a topic: after a crash nothing of it is read again. */
export async function untilCommitted(brokers: readonly string[], groupId: string, topic: string): Promise<void> {
  const admin = plainKafka(brokers).admin();
  await admin.connect();
  try {
    await until(async () => {
      const ends = await admin.fetchTopicOffsets(topic);
      const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const offsets = new Map(committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      return ends.every(({ partition, low, high }) => low === high || offsets.get(partition) === Number(high));
    }, `${groupId} has committed ${topic}`);
  } finally {
    await admin.disconnect();
  }
}
