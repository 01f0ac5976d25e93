import {
  ApiError,
  eventSchema,
  fieldErrors,
  isJsonObject,
  MAX_BODY_BYTES,
  MAX_EVENT_BYTES,
  plainMessage,
} from '@postduif/contracts';
import type { Event } from '@postduif/contracts';
import { encodeForm } from '@postduif/payload-encoding';
import { v7 as uuidv7 } from 'uuid';

/** An event that follows the contract, with the JSON that goes to `events`. */
export interface ParsedEvent {
  readonly event: Event;
  readonly json: Buffer;
}

/** What an event's sender may leave out, and how it is filled in. */
export interface EventDefaults {
  /** Account of the token, or of the record's header. The event may name no other. Absent: the event has to name its account. */
  readonly account?: string | undefined;
  /** Unix milliseconds; the `time` of events without one. */
  readonly now: number;
  /** Id of an event without one. Default a new UUIDv7. */
  readonly id?: string;
}

const MISMATCH = "The event's `account` is another than that of its token or of its header `ce_account`. Leave it out.";

/** Checks the attributes and data of one event in any form. Throws `ApiError` with the code of the first thing that is wrong. */
export function parseEvent(candidate: unknown, { account, now, id }: EventDefaults): ParsedEvent {
  if (!isJsonObject(candidate)) throw new ApiError('invalid_event', 'An event must be a JSON object.');
  const given = withoutNulls(candidate);
  const named = given.account ?? account;
  if (named === undefined) throw new ApiError('account_missing');
  const complete = {
    ...given,
    id: given.id ?? id ?? uuidv7(),
    time: given.time ?? new Date(now).toISOString(),
    account: named,
  };
  const parsed = eventSchema.safeParse(complete, { error: plainMessage });
  if (!parsed.success) throw new ApiError('invalid_event', undefined, { errors: fieldErrors(parsed.error) });
  // Not before: the schema also understands an account that is a number.
  if (account !== undefined && parsed.data.account !== account) throw new ApiError('account_mismatch', MISMATCH);
  const json = Buffer.from(JSON.stringify(parsed.data));
  requireRoom(parsed.data, json);
  return { event: parsed.data, json };
}

/** What is accepted can be delivered in every format. */
function requireRoom(event: Event, json: Buffer): void {
  if (json.length > MAX_EVENT_BYTES) throw tooLarge(json.length, 'JSON', MAX_EVENT_BYTES);
  if (json.length <= MAX_BODY_BYTES / MOST_GROWTH) return;
  const { length } = encodeForm(event);
  if (length > MAX_BODY_BYTES) throw tooLarge(length, 'a form', MAX_BODY_BYTES);
}

/** A form takes at most three bytes for a byte of JSON, and has the name of an interest twice. */
const MOST_GROWTH = 6;

function tooLarge(bytes: number, format: string, allowed: number): ApiError {
  return new ApiError('payload_too_large', `The event has ${bytes} bytes as ${format}; ${allowed} are allowed.`);
}

/** CloudEvents JSON format section 2.2: an attribute that is null is absent. */
function withoutNulls(candidate: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(candidate).filter(([name, value]) => value !== null || name === 'data'));
}
