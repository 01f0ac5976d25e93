import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { KAFKA_VERSION } from '../setup/kafka-jars.mjs';
import { ROOT } from '../setup/paths.mjs';

describe('the version of Kafka', () => {
  it('given the jars that Maven is asked for, then they are those that are looked for', () => {
    const pom = readFileSync(join(ROOT, 'tools', 'stack', 'kafka', 'pom.xml'), 'utf8');

    expect(/<artifactId>kafka_2\.13<\/artifactId>\s*<version>(.*)<\/version>/.exec(pom)?.[1]).toBe(KAFKA_VERSION);
  });
});
