import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './child.mjs';
import { cacheFolder, ROOT } from './paths.mjs';
import { SetupError, step } from './progress.mjs';

/** In step with `kafka/pom.xml`; a unit test compares them. */
export const KAFKA_VERSION = '4.3.1';

/** The folder with Kafka's jars, whether it is there or not. */
export function kafkaJars() {
  return join(cacheFolder(), `kafka-${KAFKA_VERSION}`);
}

export function hasKafkaJars() {
  return existsSync(join(kafkaJars(), `kafka_2.13-${KAFKA_VERSION}.jar`));
}

/** Downloads Kafka through Maven unless it is there. The folder appears whole or not at all. */
export async function ensureKafkaJars() {
  const target = kafkaJars();
  if (hasKafkaJars()) return target;
  mkdirSync(dirname(target), { recursive: true });
  const temporary = mkdtempSync(`${target}.download-`);
  try {
    await step(`Downloading Apache Kafka ${KAFKA_VERSION} to ${target} (45 MB, once)`, () => download(temporary));
    takeIntoPlace(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return target;
}

async function download(folder) {
  const pom = join(ROOT, 'tools', 'stack', 'kafka', 'pom.xml');
  const { code, output } = await run('mvn', [
    '--batch-mode',
    '--quiet',
    '--file',
    pom,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${folder}`,
  ]);
  if (code !== 0 || !existsSync(join(folder, `kafka_2.13-${KAFKA_VERSION}.jar`)))
    throw new SetupError(`Maven could not download Kafka. It said:\n\n${output}`);
}

/** Another run may have been first: then its folder is as good as ours. */
function takeIntoPlace(temporary, target) {
  try {
    renameSync(temporary, target);
  } catch (error) {
    if (!hasKafkaJars()) throw error;
  }
}
