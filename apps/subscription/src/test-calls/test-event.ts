import { ApiError, isCopernicaTrigger, parseEvent } from '@postduif/contracts';
import type { Event, TestContent } from '@postduif/contracts';
import { contentTypeOf, encode } from '@postduif/payload-encoding';
import type { EncodedBody } from '@postduif/payload-encoding';
import type { Webhook } from '../webhooks/webhook.js';
import { sampleFor } from './sample.js';
import type { Sample } from './sample.js';

/** Identity and moment of an event that never happened. */
export interface Occasion {
  readonly id: string;
  readonly at: Date;
}

/** The body that a test sends. Throws `invalid_request` when the changes make no event. */
export function testBody(webhook: Webhook, content: TestContent, occasion: Occasion): EncodedBody {
  const { format } = webhook;
  if (content.kind !== 'body') return encode(format, testEvent(webhook, content, occasion));
  const { body, contentType = contentTypeOf(format) } = content;
  return { contentType, body };
}

/** The sample, or what was made of it, as the event that it would be. */
export function testEvent(
  webhook: Webhook,
  content: Exclude<TestContent, { kind: 'body' }>,
  occasion: Occasion,
): Event {
  const { account, trigger } = webhook;
  const sample = sampleFor(webhook, content.about);
  const { ids, data } = content.kind === 'sample' ? sample : changed(trigger, sample, content);
  const parsed = parseEvent({ ...ids, id: occasion.id, time: occasion.at.toISOString(), account, type: trigger, data });
  if ('event' in parsed) return parsed.event;
  const sentence = parsed.errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new ApiError('invalid_request', `Invalid data provided: ${sentence}`, { errors: parsed.errors });
}

/** Members that are given stand in the place of the sample's; null takes one away. */
function changed(trigger: string, sample: Sample, given: Extract<TestContent, { kind: 'event' }>): Sample {
  const ids = present<number>({ ...sample.ids, ...defined(given.ids) });
  const { data } = given;
  // The generic sample means nothing beside data that does.
  if (!isCopernicaTrigger(trigger)) return { ids, data: Object.keys(data).length === 0 ? sample.data : data };
  const others = { ...sample.data };
  // A message is either text or bytes.
  if (Object.hasOwn(data, 'mime_base64')) delete others.mime;
  return { ids, data: present({ ...others, ...data }) };
}

function defined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function present<T>(members: Readonly<Record<string, T | null | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(members).filter((member): member is [string, T] => member[1] !== null && member[1] !== undefined),
  );
}
