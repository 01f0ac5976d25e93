import kafkajs from 'kafkajs';
import type {
  Admin,
  Consumer,
  ConsumerConfig,
  Kafka,
  KafkaConfig,
  Producer,
  ProducerConfig,
  RetryOptions,
} from 'kafkajs';
import { registerCodecs } from './codecs.js';
import { kafkajsLog } from './kafkajs-log.js';
import type { Log } from './log.js';
import { copyLargeBuffersOnce } from './large-buffers.js';
import { speedUpProduceRequests } from './produce-request.js';
import { calmRequestQueues } from './request-queue.js';

export interface KafkaOptions {
  readonly clientId: string;
  /**
   * Name of this process that no other has at the same time, and that the one which takes its place has again. With it a consumer takes over
   * at once from the one before it, which may have been killed, instead of when its session is over. Default: none.
   */
  readonly instance?: string | undefined;
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[];
  readonly log: Log;
  /** Milliseconds for a TCP (and TLS) connection. Default 3,000. */
  readonly connectionTimeoutMs?: number;
  /** Milliseconds for an answer. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** As kafkajs takes them. Default: no TLS, no authentication. */
  readonly ssl?: NonNullable<KafkaConfig['ssl']>;
  readonly sasl?: NonNullable<KafkaConfig['sasl']>;
}

/**
 * Makes kafkajs clients, each on connections of its own: kafkajs shares the committed offsets of a group among all consumers of one
 * `Kafka` object, which breaks as soon as two of them belong to the same group.
 */
export interface KafkaClients {
  /** What consumers are called (`clientId`) when whoever was called so before is gone; undefined when that cannot be known. */
  readonly memberName: string | undefined;
  /** Fails within a few seconds while the broker is away, so that the caller decides how long to go on. */
  producer(config?: ProducerConfig): Producer;
  /** `patient` waits some minutes for a broker that is away. */
  admin(config?: { readonly patient?: boolean }): Admin;
  /** Waits some minutes for a broker that is away. `onSign` is called at every sign of life, failed attempts to connect included. */
  consumer(config: ConsumerConfig, onSign?: () => void): Consumer;
}

/** Attempts are at most a second apart, so that everything works again soon after the broker is back. */
const SHORT: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries: 2 };
const PATIENT: RetryOptions = { ...SHORT, retries: 600 };

/** Kafka clients with all codecs. Connects nowhere yet. */
export function createKafka(options: KafkaOptions): KafkaClients {
  process.env.KAFKAJS_NO_PARTITIONER_WARNING ??= '1';
  registerCodecs();
  calmRequestQueues();
  speedUpProduceRequests();
  copyLargeBuffersOnce();
  const write = kafkajsLog(options.log);
  const memberName = options.instance === undefined ? undefined : `${options.clientId}@${options.instance}`;
  const client = (retry: RetryOptions, clientId: string, onSign?: () => void): Kafka =>
    new kafkajs.Kafka({
      clientId,
      brokers: [...options.brokers],
      connectionTimeout: options.connectionTimeoutMs ?? 3_000,
      requestTimeout: options.requestTimeoutMs ?? 10_000,
      retry,
      logLevel: kafkajs.logLevel.INFO,
      logCreator: () => (entry) => {
        onSign?.();
        write(entry);
      },
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
    });
  return {
    memberName,
    producer: (config) => client(SHORT, options.clientId).producer({ allowAutoTopicCreation: false, ...config }),
    admin: (config) => client(config?.patient === true ? PATIENT : SHORT, options.clientId).admin(),
    consumer: (config, onSign) =>
      client(PATIENT, memberName ?? options.clientId, onSign).consumer({
        allowAutoTopicCreation: false,
        ...config,
        // Whoever uses the consumer rebuilds it, whatever the error was: one way instead of two.
        retry: { ...PATIENT, restartOnFailure: () => Promise.resolve(false) },
      }),
  };
}

/** An administrative client for the time of one task. */
export async function withAdmin<T>(
  kafka: Pick<KafkaClients, 'admin'>,
  task: (admin: Admin) => Promise<T>,
  config?: { readonly patient?: boolean },
): Promise<T> {
  const admin = kafka.admin(config);
  try {
    await admin.connect();
    return await task(admin);
  } finally {
    await admin.disconnect();
  }
}
