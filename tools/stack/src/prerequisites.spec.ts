import { describe, expect, it } from '@jest/globals';
import { missingText } from '../setup/prerequisites.mjs';

describe('what is said of missing prerequisites', () => {
  it('given several, then each is named with how to get it on Debian and macOS', () => {
    const text = missingText([{ what: 'java', found: '11' }, { what: 'maven' }]);

    expect(text).toMatch(/^Missing on this machine:\n/);
    expect(text).toMatch(/Java 17 or later .*; found 11\n.*apt-get install openjdk.*brew install openjdk/);
    expect(text).toMatch(/Maven .*\n.*apt-get install maven.*brew install maven/);
  });

  it('given that only Kafka wants them, then a Kafka of one’s own is the other way out', () => {
    expect(missingText([{ what: 'maven' }])).toContain('Or set KAFKA_BROKERS=host:port');
  });

  it('given that everything wants it, then no way around is offered', () => {
    const text = missingText([{ what: 'node', found: '18.19.0' }, { what: 'npm' }]);

    expect(text).toMatch(/Node\.js 20 or later; found 18\.19\.0\n.*nodejs\.org/);
    expect(text).toMatch(/npm\n.*apt-get install npm/);
    expect(text).not.toContain('KAFKA_BROKERS');
  });
});
