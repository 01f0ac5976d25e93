import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigurationError, integer, parseSettings } from './configuration.js';

const needed = { KAFKA_BROKERS: 'localhost:9092' };
const shape = { LIMIT: integer(1, 10).default(5), NAME: z.string('set it to a name') };

const problems = (environment: Record<string, string>): readonly string[] => {
  try {
    parseSettings(shape, environment);
    return [];
  } catch (error) {
    return error instanceof ConfigurationError ? error.problems : [String(error)];
  }
};

describe('the settings of a service', () => {
  it('given what is needed, has defaults for the rest', () => {
    expect(parseSettings(shape, { ...needed, NAME: 'x' })).toEqual({
      KAFKA_BROKERS: ['localhost:9092'],
      KAFKA_TOPIC_PREFIX: 'postduif.',
      KAFKA_PARTITIONS: 6,
      KAFKA_REPLICATION_FACTOR: 1,
      HOST: '0.0.0.0',
      PORT: 8080,
      LOG_LEVEL: 'info',
      LIMIT: 5,
      NAME: 'x',
    });
  });

  it('given several brokers, IPv6 among them, takes all', () => {
    const { KAFKA_BROKERS } = parseSettings({}, { KAFKA_BROKERS: 'kafka-1:9092, [::1]:9093,10.0.0.1:9094' });
    expect(KAFKA_BROKERS).toEqual(['kafka-1:9092', '[::1]:9093', '10.0.0.1:9094']);
  });

  it('given an empty variable, takes it for absent', () => {
    expect(parseSettings(shape, { ...needed, NAME: 'x', LIMIT: '', PORT: '' })).toMatchObject({ LIMIT: 5, PORT: 8080 });
  });

  it('given several mistakes, names every setting and shows no value', () => {
    const told = problems({ KAFKA_BROKERS: 'secret', LIMIT: '11', PORT: 'secret', LOG_LEVEL: 'secret' });
    expect(told.map((problem) => problem.split(':')[0])).toEqual([
      'KAFKA_BROKERS.0',
      'PORT',
      'LOG_LEVEL',
      'LIMIT',
      'NAME',
    ]);
    expect(told.join()).not.toContain('secret');
  });

  it.each(['1.5', '-1', '0', '11', 'x', ' 5', '1e1', '99999999999999999999'])(
    'given %p for 1 to 10, says so',
    (LIMIT) => {
      expect(problems({ ...needed, NAME: 'x', LIMIT })).toEqual(['LIMIT: must be a whole number from 1 to 10']);
    },
  );
});
