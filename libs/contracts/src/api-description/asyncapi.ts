import type { z } from 'zod';
import { attemptSchema } from '../attempt.js';
import { configSnapshot } from '../config.js';
import { DELIVERY_HEADER, deliveryHeaders, EVENT_HEADERS, REJECTED_HEADERS } from '../delivery.js';
import { eventDocument, newCloudEventDocument } from '../event.js';
import { topicSpecs } from '../topics.js';
import type { TopicSpec } from '../topics.js';
import { JsonSchemas } from './json-schema.js';
import type { Json } from './json-schema.js';

interface TopicDescription {
  /** Name without the prefix. */
  readonly name: RegExp;
  /** `receive`: others write it for Postduif; `send`: Postduif writes it. */
  readonly action: 'send' | 'receive';
  readonly about: string;
  readonly key: string;
  readonly headers?: Json;
  readonly contentType?: string;
  readonly value: Json;
}

const VERSION = '3.0.0';
const KAFKA_BINDING = '0.5.0';
const DRAFT_7 = 'application/schema+json;version=draft-07';

const schemas = new JsonSchemas({}, 'draft-07');
const valueOf = (schema: z.ZodType, io: 'input' | 'output' = 'output'): Json => schemas.of(schema, io);
const BYTES: Json = { description: 'Any bytes.' };

/** Headers of a delivery, and of a dead letter more. */
function deliveryHeadersWith(more: readonly string[] = []): Json {
  return {
    type: 'object',
    properties: {
      [DELIVERY_HEADER]: {
        type: 'string',
        contentMediaType: 'application/json',
        description: 'What is known of the delivery, as JSON.',
        contentSchema: valueOf(deliveryHeaders),
      },
      ...Object.fromEntries(more.map((name) => [name, { type: 'string' }])),
    },
  };
}

const webhookKey = 'Id of the webhook, or `<id>#<shard>` of one with `shards`.';
const delivery = {
  action: 'send',
  key: webhookKey,
  contentType: 'application/octet-stream',
  value: { description: 'The exact bytes that the receiver gets.' },
} as const;

const describedTopics = (): readonly TopicDescription[] => [
  {
    name: /^ingest$/,
    action: 'receive',
    about: 'Events for Postduif, as CloudEvents (binary or structured) or plain JSON. Each names its account.',
    key: 'Any.',
    value: valueOf(newCloudEventDocument, 'input'),
  },
  {
    name: /^ingest\.rejected$/,
    action: 'send',
    about: 'Records of `ingest` that were refused, with all headers that they came with.',
    key: 'As it came.',
    headers: textHeaders(REJECTED_HEADERS),
    contentType: 'application/octet-stream',
    value: BYTES,
  },
  {
    name: /^events$/,
    action: 'send',
    about: 'Events that were accepted.',
    key: 'Account and subject.',
    headers: textHeaders(EVENT_HEADERS),
    value: valueOf(eventDocument),
  },
  {
    name: /^events\.identities$/,
    action: 'send',
    about: 'What is remembered of the events of the last minutes, so that a repeat is known after a restart.',
    key: 'Number of a partition of `events`.',
    contentType: 'application/octet-stream',
    value: BYTES,
  },
  {
    name: /^config$/,
    action: 'send',
    about:
      'The configuration, compacted: of each thing its whole state with a version. A record without a value deletes it.',
    key: '`webhook/<id>`, `account/<id>`, `signing-key/<id>`, `jwt-key/<id>` or `heartbeat`.',
    value: valueOf(configSnapshot),
  },
  {
    ...delivery,
    name: /^deliveries$/,
    about: 'Events on their way to webhooks.',
    headers: deliveryHeadersWith(),
  },
  {
    ...delivery,
    name: /^deliveries\.retry\./,
    about: 'Deliveries that wait for as long as the name of the topic says.',
    headers: deliveryHeadersWith(),
  },
  {
    ...delivery,
    name: /^deliveries\.dead$/,
    about: 'Deliveries that ended without their receiver having them.',
    headers: deliveryHeadersWith(['reason', 'reason-detail', 'dead-at']),
  },
  {
    name: /^attempts$/,
    action: 'send',
    about: 'Every attempt to deliver, and every delivery that ended without one.',
    key: 'Id of the webhook.',
    value: valueOf(attemptSchema),
  },
];

/**
 * The document that describes the Kafka topics (AsyncAPI 3), made from the contracts.
 *
 * @param version of the installation
 * @param prefix of the topics' names
 */
export function asyncApi(version: string, prefix: string): Json {
  const described = describedTopics();
  const topics = topicSpecs({ prefix, partitions: 1, replicationFactor: 1 }).map((spec) => {
    const name = spec.topic.slice(prefix.length);
    return { name, spec, description: descriptionOf(described, name) };
  });
  return {
    asyncapi: VERSION,
    info: {
      title: 'Postduif',
      version,
      description: 'The Kafka topics of Postduif. Producers write `ingest`; all others are written by Postduif itself.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map(({ name, spec, description }) => [name, channelOf(spec, description)])),
    operations: Object.fromEntries(
      topics.map(({ name, description }) => [
        `${description.action}.${name}`,
        { action: description.action, channel: { $ref: `#/channels/${name}` } },
      ]),
    ),
  };
}

function descriptionOf(topics: readonly TopicDescription[], name: string): TopicDescription {
  const found = topics.find((topic) => topic.name.test(name));
  if (found === undefined) throw new Error(`the topic ${name} is not described`);
  return found;
}

function channelOf({ topic, config }: TopicSpec, { about, key, headers, contentType, value }: TopicDescription): Json {
  const retention = config['retention.ms'];
  return {
    address: topic,
    description: about,
    messages: {
      record: {
        ...(contentType === undefined ? {} : { contentType }),
        ...(headers === undefined ? {} : { headers: { schemaFormat: DRAFT_7, schema: headers } }),
        payload: { schemaFormat: DRAFT_7, schema: value },
        bindings: { kafka: { key: { type: 'string', description: key }, bindingVersion: KAFKA_BINDING } },
      },
    },
    bindings: {
      kafka: {
        topic,
        topicConfiguration: {
          'cleanup.policy': [config['cleanup.policy']],
          ...(retention === undefined ? {} : { 'retention.ms': Number(retention) }),
          'max.message.bytes': Number(config['max.message.bytes']),
        },
        bindingVersion: KAFKA_BINDING,
      },
    },
  };
}

function textHeaders(names: Readonly<Record<string, string>>): Json {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.values(names).map((name) => [name, { type: 'string' }])),
  };
}
