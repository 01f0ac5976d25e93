import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { Kafka, logLevel } = require(workerData.kafkajs);
  const { clientId, brokers, groupId, topic } = workerData;
  const consumer = new Kafka({ clientId, brokers, logLevel: logLevel.NOTHING }).consumer({ groupId, sessionTimeout: 120_000 });
  consumer.on(consumer.events.GROUP_JOIN, () => parentPort.postMessage('joined'));
  consumer.connect()
    .then(() => consumer.subscribe({ topics: [topic] }))
    .then(() => consumer.run({ eachMessage: () => Promise.resolve() }));
`;

/** Joins a group from a thread of its own, and dies in it: the group waits two minutes for a member that never left. */
export async function dieInGroup(member: {
  readonly clientId: string;
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly topic: string;
}): Promise<void> {
  const kafkajs = createRequire(import.meta.url).resolve('kafkajs');
  const worker = new Worker(PROGRAM, { eval: true, workerData: { ...member, kafkajs } });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
}
