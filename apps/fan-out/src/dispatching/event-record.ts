import { isJsonObject, JsonError, parseEvent, parseJson } from '@postduif/contracts';
import type { Event, FieldError } from '@postduif/contracts';

/** Why a record of `events` is no event. The sentence never repeats a value. */
export interface Unreadable {
  readonly unreadable: string;
}

/**
 * Reads a record of the topic `events`. Only event-ingest writes there, and has checked and normalized the event; to do it again would
 * cost more than all the rest. So only the envelope is looked at here; what is wrong deeper shows when the body is rendered.
 */
export function readEvent(value: Buffer | null): Event | Unreadable {
  if (value === null) return { unreadable: 'The record has no value.' };
  try {
    const event = parseJson(value);
    return isEnvelope(event) ? event : explain(event);
  } catch (error) {
    if (error instanceof JsonError) return { unreadable: error.message };
    throw error;
  }
}

/** What the contract says against an event that could not be rendered. */
export function explain(event: unknown): Unreadable {
  const parsed = parseEvent(event);
  return { unreadable: 'errors' in parsed ? sentence(parsed.errors) : 'The event could not be rendered.' };
}

const TEXTS = ['id', 'type', 'time', 'account'] as const;

function isEnvelope(event: unknown): event is Event {
  if (!isJsonObject(event) || !isJsonObject(event.data)) return false;
  const { source } = event;
  return TEXTS.every((name) => typeof event[name] === 'string') && (source === undefined || typeof source === 'string');
}

function sentence(errors: readonly FieldError[]): string {
  const fields = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return ['The event does not follow the contract.', ...fields].join(' | ');
}
