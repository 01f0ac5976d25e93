import { startStack } from './stack.js';
import type { Stack, StackOptions } from './stack.js';

/** A store alone, for tests: `stack` kills it, holds it and waits for it by its name. */
export interface EmbeddedStore {
  readonly stack: Stack;
  stop(): Promise<void>;
}

export interface EmbeddedKafkaStore extends EmbeddedStore {
  /** `host:port` */
  readonly brokers: readonly string[];
}

export interface EmbeddedPostgresStore extends EmbeddedStore {
  /** Of the superuser, in the database `postduif`. */
  readonly databaseUrl: string;
}

export type StoreOptions = Pick<StackOptions, 'home' | 'ports' | 'durable' | 'say' | 'timeoutMs'>;

/** Starts Apache Kafka alone on a free port. */
export async function startKafka(options: StoreOptions = {}): Promise<EmbeddedKafkaStore> {
  const stack = await startStack({ ...options, services: [], stores: ['kafka'] });
  return { stack, brokers: stack.brokers, stop: () => stack.stop() };
}

/** Starts PostgreSQL alone on a free port; by default without survival of a power failure, which tests do not need. */
export async function startPostgres(options: StoreOptions = {}): Promise<EmbeddedPostgresStore> {
  const stack = await startStack({ durable: false, ...options, services: [], stores: ['postgres'] });
  return { stack, databaseUrl: stack.databaseUrl, stop: () => stack.stop() };
}
