import { setTimeout as pause } from 'node:timers/promises';
import { topicNames } from '@postduif/contracts';
import { createKafka, FlushingProducer } from '@postduif/kafka';
import { now } from '../measuring/clock.js';
import { statusOf } from '../processes/http-message-reader.js';
import { Poster } from '../processes/poster.js';
import { eventText } from './event-text.js';
import type { EventShape } from './event-text.js';
import { closedLoop, paced } from './pace.js';
import { sentNothing } from './sent.js';
import type { Sent } from './sent.js';

export interface Load {
  /** Number of the first event. */
  readonly first: number;
  readonly count: number;
  /** Taken in turn. */
  readonly shapes: readonly EventShape[];
}

export interface HttpLoad extends Load {
  /** Address of event-ingest. */
  readonly url: string;
  readonly token: string;
  /** Events a second, whatever the answers; absent: a new one as soon as a connection is free. */
  readonly rate?: number | undefined;
  readonly connections: number;
}

export interface TopicLoad extends Load {
  readonly brokers: readonly string[];
  readonly account: string;
}

const ACCEPTED = 202;
const TOO_MANY = 429;
const REPEAT_MS = 100;
const GIVE_UP_MS = 120_000;

/** Posts each event in a request of its own, again and again until it is accepted, as a producer that loses nothing does. */
export async function sendOverHttp(load: HttpLoad): Promise<Sent> {
  const poster = new Poster(load);
  const sent = sentNothing(load.first, load.count);
  const send = async (index: number, intended: number): Promise<void> => {
    const text = textOf(load, index);
    sent.intended[index] = intended;
    sent.begun[index] = now();
    sent.repeated += await accepted(poster, text);
    sent.accepted[index] = now();
  };
  if (load.rate === undefined) await closedLoop(load.count, load.connections, (index) => send(index, now()));
  else await allOf(load.count, load.rate, send);
  poster.close();
  return sent;
}

async function allOf(
  count: number,
  rate: number,
  send: (index: number, intended: number) => Promise<void>,
): Promise<void> {
  const sending: Promise<void>[] = [];
  await paced({ count, rate }, (index, intended) => sending.push(send(index, intended)));
  await Promise.all(sending);
}

/** Resolves to how often the request had to be repeated. */
async function accepted(poster: Poster, text: string): Promise<number> {
  const giveUpAt = now() + GIVE_UP_MS;
  for (let repeated = 0; ; repeated += 1) {
    // Without an answer nobody knows whether it was accepted: the same event is sent again.
    const answer = await poster.post('/v1/events', text).catch(() => undefined);
    const status = answer === undefined ? undefined : statusOf(answer.head);
    if (status === ACCEPTED) return repeated;
    const refused = status !== undefined && status < 500 && status !== TOO_MANY;
    if (refused || now() > giveUpAt)
      throw new Error(`event-ingest answered ${status ?? 'nothing'}: ${answer?.body.toString() ?? ''}`);
    await pause(REPEAT_MS);
  }
}

/** Writes to the topic `ingest`, as other teams' producers do: accepted when Kafka has it. */
export async function sendToTopic(load: TopicLoad): Promise<Sent> {
  const log = { debug: ignore, info: ignore, warn: ignore, error: console.error };
  const producer = new FlushingProducer({
    kafka: createKafka({ clientId: 'bench', brokers: load.brokers, log }),
    log,
    deliveryTimeoutMs: GIVE_UP_MS,
  });
  const { ingest } = topicNames('postduif.');
  const sent = sentNothing(load.first, load.count);
  await closedLoop(load.count, load.count, async (index) => {
    const text = textOf(load, index);
    sent.intended[index] = sent.begun[index] = now();
    await producer.send({
      topic: ingest,
      key: String(load.first + index),
      value: `{"account":"${load.account}",${text.slice(1)}`,
    });
    sent.accepted[index] = now();
  });
  await producer.close();
  return sent;
}

function textOf({ first, shapes }: Load, index: number): string {
  const shape = shapes[index % shapes.length];
  if (shape === undefined) throw new Error('a load needs the shape of its events');
  return eventText(shape, first + index);
}

function ignore(): void {
  // What the client says while it works is not of interest here.
}
