import { describe, expect, it } from '@jest/globals';
import { readSettings } from './settings.js';
import { StackError } from './stack-error.js';

describe('the settings of npm start', () => {
  it('given none, then everything has its default and both stores are embedded', () => {
    expect(readSettings({}, '/checkout')).toEqual({
      home: '/checkout/.postduif',
      ports: {
        subscription: 8080,
        'event-ingest': 8081,
        'fan-out': 8082,
        delivery: 8083,
        history: 8084,
        grpc: 9091,
        management: 8085,
        kafka: 19092,
        postgres: 15432,
      },
      brokers: undefined,
      databaseUrl: undefined,
    });
  });

  it('given all, then all are taken', () => {
    const { home, ports, brokers, databaseUrl } = readSettings(
      {
        POSTDUIF_HOME: '../elsewhere',
        POSTDUIF_API_PORT: '9000',
        KAFKA_BROKERS: 'one:9092, two:9092,',
        DATABASE_URL: 'postgres://u:p@host/db',
      },
      '/checkout',
    );

    expect(home).toBe('/elsewhere');
    expect(ports.subscription).toBe(9000);
    expect(brokers).toEqual(['one:9092', 'two:9092']);
    expect(databaseUrl).toBe('postgres://u:p@host/db');
  });

  it('given empty variables, then they count as absent', () => {
    const empty = { POSTDUIF_HOME: '', POSTDUIF_KAFKA_PORT: '', KAFKA_BROKERS: ' ', DATABASE_URL: '' };

    expect(readSettings(empty, '/checkout')).toEqual(readSettings({}, '/checkout'));
  });

  it.each(['0', '65535', '-1', '80.5', '0x50', 'http', '1e3', '123456'])(
    'given the port %s, then the setting is named',
    (port) => {
      expect(() => readSettings({ POSTDUIF_INGEST_PORT: port })).toThrow(
        new StackError('setting_invalid', `POSTDUIF_INGEST_PORT is "${port}"; it must be a port from 1 to 65534`),
      );
    },
  );

  it('given several mistakes, then all are told at once', () => {
    const read = (): unknown => readSettings({ POSTDUIF_API_PORT: 'x', POSTDUIF_HISTORY_PORT: 'y' });

    expect(read).toThrow(/POSTDUIF_API_PORT.*\n.*POSTDUIF_HISTORY_PORT/);
  });

  it('given the same port twice, then both settings are named', () => {
    expect(() => readSettings({ POSTDUIF_DELIVERY_PORT: '8080' })).toThrow(
      'POSTDUIF_API_PORT and POSTDUIF_DELIVERY_PORT are both 8080; they must differ',
    );
  });

  it('given a port that Kafka’s controller takes, then both settings are named', () => {
    expect(() => readSettings({ POSTDUIF_POSTGRES_PORT: '19093' })).toThrow(
      'POSTDUIF_KAFKA_PORT plus one and POSTDUIF_POSTGRES_PORT are both 19093; they must differ',
    );
  });

  it.each(['kafka', 'kafka:', 'kafka:port', 'one:9092 two:9092', 'kafka:70000'])(
    'given KAFKA_BROKERS=%s, then it is told what it must be',
    (brokers) => {
      expect(() => readSettings({ KAFKA_BROKERS: brokers })).toThrow(/^KAFKA_BROKERS .*host:port/);
    },
  );

  it.each(['nonsense', 'mysql://u:p@host/db', 'postgres://u:secret@host:port/db'])(
    'given DATABASE_URL=%s, then it is told what it must be, and nothing of it is shown',
    (url) => {
      expect(() => readSettings({ DATABASE_URL: url })).toThrow(
        'DATABASE_URL must be an address such as postgres://user:password@host:5432/database',
      );
    },
  );
});
