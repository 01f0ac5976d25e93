import { describe, expect, it } from '@jest/globals';
import { CloudEvent, HTTP, Kafka } from 'cloudevents';
import type { Headers } from 'cloudevents';
import { readRecord } from './record-event.js';
import { outcomeOf, readRequest } from './request-events.js';

const NOW = Date.UTC(2026, 0, 15, 10, 20, 30);
const data = {
  message: 'b4icbaqjswyrb7tc',
  recipient: 'ann@example.com',
  ip: '2001:db8::1',
  original: 'https://é.example/',
};
const attributes = {
  id: 'sdk-1',
  source: '/marketing-suite',
  subject: 'Zürich 100%',
  time: '2026-01-15T10:20:30.000Z',
  account: '1234',
  profile: 123,
};
const click = new CloudEvent({ ...attributes, type: 'click', datacontenttype: 'application/json', data });
const expected = { ...attributes, specversion: '1.0', type: 'click', data };

/** As Node hands over the headers of a request. */
function incoming(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function overHttp(message: { headers: Headers; body: unknown }): unknown[] {
  const request = { headers: incoming(message.headers), body: Buffer.from(String(message.body)) };
  const { events } = readRequest(request, { account: '1234', now: NOW }, 10);
  return events.map((outcome) => ('ok' in outcome ? outcome.ok.event : outcome.refusal));
}

/** As a Kafka client writes and reads a message of the SDK. */
function overKafka(message: { headers: Headers; value: unknown }): unknown {
  const value = typeof message.value === 'string' ? message.value : JSON.stringify(message.value);
  const given = Object.entries(message.headers).filter(([, header]) => header !== undefined);
  const headers = Object.fromEntries(given.map(([name, header]) => [name, String(header)]));
  const outcome = outcomeOf(() =>
    readRecord({ topic: 'ingest', partition: 0, offset: 1, timestamp: NOW, headers, value: Buffer.from(value) }),
  );
  return 'ok' in outcome ? outcome.ok.event : outcome.refusal;
}

describe('events of the official CloudEvents SDK', () => {
  it('given binary mode over HTTP, takes over every attribute and the data', () => {
    const { subject, ...ascii } = attributes;
    const event = click.cloneWith({ subject: encodeURIComponent(subject) });
    expect(overHttp(HTTP.binary(event))).toMatchObject([{ ...expected, ...ascii, subject }]);
  });

  it('given structured mode over HTTP, takes over every attribute and the data', () => {
    expect(overHttp(HTTP.structured(click))).toMatchObject([expected]);
  });

  it('given several in batched mode over HTTP, takes all', () => {
    const body = JSON.stringify([click, click.cloneWith({ id: 'sdk-2' })]);
    const headers = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };
    expect(overHttp({ headers, body })).toMatchObject([expected, { ...expected, id: 'sdk-2' }]);
  });

  it('given binary mode on Kafka, takes over every attribute and the data', () => {
    expect(overKafka(Kafka.binary(click))).toMatchObject(expected);
  });

  it('given structured mode on Kafka, takes over every attribute and the data', () => {
    expect(overKafka(Kafka.structured(click))).toMatchObject(expected);
  });

  it('given an event without an account on Kafka, says so', () => {
    expect(overKafka(Kafka.binary(click.cloneWith({ account: undefined }, false)))).toMatchObject({
      code: expect.stringMatching(/account_missing/),
    });
  });
});
