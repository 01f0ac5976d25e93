import { run } from './child.mjs';
import { findJava, LEAST_JAVA } from './java.mjs';
import { hasKafkaJars } from './kafka-jars.mjs';
import { SetupError } from './progress.mjs';

const LEAST_NODE = 20;

const WANTED = {
  node: `Node.js ${LEAST_NODE} or later`,
  npm: 'npm',
  java: `Java ${LEAST_JAVA} or later (runs Apache Kafka)`,
  maven: 'Maven (downloads Apache Kafka once)',
};

const HOW = {
  node: 'Debian, Ubuntu: https://nodejs.org/en/download   macOS: brew install node',
  npm: 'it comes with Node.js; Debian, Ubuntu: apt-get install npm',
  java: 'Debian, Ubuntu: apt-get install openjdk-17-jre-headless   macOS: brew install openjdk   (or set JAVA_HOME)',
  maven: 'Debian, Ubuntu: apt-get install maven   macOS: brew install maven',
};

/**
 * Finds what a command needs, and names everything that is missing at once (`SetupError`). Java and Maven are for the embedded
 * Kafka. Resolves to the path of Java, when it is needed.
 */
export async function checkPrerequisites({ kafka }) {
  if (process.platform === 'win32')
    throw new SetupError('Postduif runs on Linux and macOS. On Windows, use it in the Windows Subsystem for Linux.');
  const missing = [];
  if (Number(process.versions.node.split('.')[0]) < LEAST_NODE)
    missing.push({ what: 'node', found: process.versions.node });
  if (!(await answers('npm'))) missing.push({ what: 'npm' });
  const java = kafka ? await findJava() : undefined;
  if (java && java.path === undefined) missing.push({ what: 'java', found: java.version });
  if (kafka && !hasKafkaJars() && !(await answers('mvn'))) missing.push({ what: 'maven' });
  if (missing.length > 0) throw new SetupError(missingText(missing));
  return java?.path;
}

/** What is missing, and how to get it. */
export function missingText(missing) {
  const lines = missing.map(
    ({ what, found }) => `  ${WANTED[what]}${found ? `; found ${found}` : ''}\n    ${HOW[what]}`,
  );
  const ofKafka = missing.some(({ what }) => what === 'java' || what === 'maven');
  return [
    'Missing on this machine:',
    ...lines,
    ...(ofKafka ? ['Or set KAFKA_BROKERS=host:port to use a Kafka of your own: it needs neither Java nor Maven.'] : []),
  ].join('\n');
}

async function answers(command) {
  return (await run(command, ['--version'])).code === 0;
}
