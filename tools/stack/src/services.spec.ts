import { describe, expect, it } from '@jest/globals';
import type { ServiceSurroundings } from './services.js';
import { SERVICES, serviceDefinition, serviceEnvironment, unready } from './services.js';

const surroundings: ServiceSurroundings = {
  ports: {
    subscription: 1,
    'event-ingest': 2,
    'fan-out': 3,
    delivery: 4,
    history: 5,
    grpc: 9,
    management: 10,
    kafka: 6,
    postgres: 7,
  },
  secrets: { bootstrapToken: 'pd_token', encryptionKey: 'key', postgresPassword: 'password' },
  brokers: ['127.0.0.1:6', '127.0.0.1:8'],
  databaseUrl: 'postgres://postgres:password@127.0.0.1:7/postduif',
  environment: {},
  overrides: {},
};

describe('the environment of a service', () => {
  it('given any service, then it listens on its own port of the loopback address only, and knows the brokers', () => {
    for (const name of SERVICES)
      expect(serviceEnvironment(name, surroundings)).toMatchObject({
        HOST: '127.0.0.1',
        PORT: String(surroundings.ports[name]),
        KAFKA_BROKERS: '127.0.0.1:6,127.0.0.1:8',
      });
  });

  it('given the database, then only its two owners know it', () => {
    const knowing = SERVICES.filter((name) => 'DATABASE_URL' in serviceEnvironment(name, surroundings));

    expect(knowing).toEqual(['subscription', 'history']);
  });

  it('given the encryption key, then only who signs and who makes keys knows it', () => {
    const knowing = SERVICES.filter((name) => serviceEnvironment(name, surroundings).ENCRYPTION_KEY === 'key');

    expect(knowing).toEqual(['subscription', 'delivery']);
  });

  it('given the front door, then it knows whom to pass calls to, and the first token', () => {
    expect(serviceEnvironment('subscription', surroundings)).toMatchObject({
      PUBLIC_URL: 'http://127.0.0.1:1',
      INGEST_URL: 'http://127.0.0.1:2',
      HISTORY_URL: 'http://127.0.0.1:5',
      GRPC_PORT: '9',
      MANAGEMENT_PORT: '10',
      BOOTSTRAP_ACCOUNT: '1',
      BOOTSTRAP_TOKEN: 'pd_token',
    });
  });

  it('given what the user has set, then it wins over defaults but not over addresses', () => {
    const environment = { LOG_LEVEL: 'debug', SIGNING_DOMAIN: 'mine.example', HOST: 'laptop', PORT: '3000', EMPTY: '' };

    const result = serviceEnvironment('subscription', { ...surroundings, environment });

    expect(result).toMatchObject({ LOG_LEVEL: 'debug', SIGNING_DOMAIN: 'mine.example', HOST: '127.0.0.1', PORT: '1' });
    expect(result).not.toHaveProperty('EMPTY');
  });

  it('given an empty variable, then the default stays', () => {
    expect(serviceEnvironment('history', { ...surroundings, environment: { LOG_LEVEL: '' } }).LOG_LEVEL).toBe('info');
  });

  it('given overrides, then they win over everything, those for one service over those for all', () => {
    const overrides = { all: { PORT: '9', X: 'all' }, delivery: { X: 'delivery' } };

    expect(serviceEnvironment('delivery', { ...surroundings, overrides })).toMatchObject({ PORT: '9', X: 'delivery' });
    expect(serviceEnvironment('history', { ...surroundings, overrides })).toMatchObject({ PORT: '9', X: 'all' });
  });

  it('when services are stopped, then the doors close first, and history sees the last of what happened', () => {
    const stages = SERVICES.map((name) => [name, serviceDefinition(name, surroundings).stopStage]);

    expect(Object.fromEntries(stages)).toEqual({
      subscription: 1,
      'event-ingest': 1,
      'fan-out': 2,
      delivery: 3,
      history: 4,
    });
  });
});

describe('what keeps a service from being ready', () => {
  it('given a report, then the checks that are not passed', () => {
    expect(unready('{"checks":{"start":true,"config":"is still being read","kafka":"is away"}}')).toBe(
      'config: is still being read, kafka: is away',
    );
  });

  it.each(['', 'Bad Gateway', '{}', '{"checks":{"start":true}}'])('given %j, then only that it is not', (body) => {
    expect(unready(body)).toBe('is not ready');
  });
});
