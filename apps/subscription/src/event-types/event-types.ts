import type { Access } from '@postduif/access';
import { ApiError, eventTypeName, fieldErrors, MAX_EVENT_BYTES, plainMessage } from '@postduif/contracts';
import type { EventTypeView, PutEventType } from '@postduif/contracts';
import { DataSchema, maxEventBytes, SchemaRefused } from '@postduif/event-types';
import { recordChange } from '../audit/record-change.js';
import { entityTag, unconditional } from '../changes/precondition.js';
import type { Precondition } from '../changes/precondition.js';
import type { Database, Queries } from '../database/database.js';
import type { Log } from '../log.js';
import { publish, publishRemoval } from '../outbox/outbox.js';
import * as rows from './event-type-rows.js';
import type { EventType } from './event-type-rows.js';

/** Every process that takes events keeps them all in memory. */
const MOST = 500;

/** An account's own event types. An event whose `data` does not fit the schema of its type is refused when it comes in. */
export class EventTypes {
  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  async list({ account }: Access): Promise<EventTypeView[]> {
    return (await rows.listEventTypes(this.database, account)).map(toEventTypeView);
  }

  async get({ account }: Access, name: string): Promise<EventType> {
    return found(await rows.findEventType(this.database, account, name));
  }

  /** Adds or replaces. Throws `schema_invalid`, `event_types_full`, or `invalid_request` for a name that no type can have. */
  async put(
    { account, token }: Access,
    name: string,
    given: PutEventType,
    precondition: Precondition = unconditional,
  ): Promise<{ readonly type: EventTypeView; readonly isNew: boolean }> {
    requireName(name);
    if (given.schema !== null) requireUsable(given.schema);
    const put = await this.database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR NO KEY UPDATE', [account]);
      const before = await rows.findEventType(transaction, account, name);
      precondition(before && tagOf(before));
      const type = found(await rows.putEventType(transaction, account, name, given));
      if ((await rows.countEventTypes(transaction, account)) > MOST) throw new ApiError('event_types_full');
      await publish(transaction, rows.eventTypeSnapshot(type));
      await record(transaction, before, type);
      return type;
    });
    const isNew = put.version === 1;
    this.log.info({ account, token, type: name }, isNew ? 'event type created' : 'event type changed');
    return { type: toEventTypeView(put), isNew };
  }

  /** Its events are not checked any more. */
  async delete({ account, token }: Access, name: string, precondition: Precondition = unconditional): Promise<void> {
    await this.database.transaction(async (transaction) => {
      await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR NO KEY UPDATE', [account]);
      precondition(tagOf(found(await rows.findEventType(transaction, account, name))));
      const type = found(await rows.deleteEventType(transaction, account, name));
      await record(transaction, type, undefined);
      await publishRemoval(transaction, rows.eventTypeKey(type), type.version + 1);
    });
    this.log.info({ account, token, type: name }, 'event type deleted');
  }
}

function requireName(name: string): void {
  const result = eventTypeName.safeParse(name, { error: plainMessage });
  if (!result.success)
    throw new ApiError('invalid_request', undefined, {
      errors: fieldErrors(result.error).map(({ message }) => ({ path: 'name', message })),
    });
}

function requireUsable(schema: Record<string, unknown>): void {
  try {
    new DataSchema(schema);
  } catch (error) {
    if (error instanceof SchemaRefused)
      throw new ApiError('schema_invalid', `The schema cannot be used: ${error.message}.`);
    throw error;
  }
}

/** A type that is deleted and described again begins anew. */
export function tagOf({ version, createdAt }: EventType): string {
  return entityTag(version, createdAt);
}

async function record(
  transaction: Queries,
  before: EventType | undefined,
  after: EventType | undefined,
): Promise<void> {
  const type = after ?? before;
  if (type === undefined) return;
  const states = { before: before && toEventTypeView(before), after: after && toEventTypeView(after) };
  await recordChange(transaction, { account: type.account, entity: 'event-type', id: type.name, ...states });
}

function found(type: EventType | undefined): EventType {
  if (type === undefined) throw new ApiError('not_found', 'The account has no such event type.');
  return type;
}

export function toEventTypeView({ name, description, schema, createdAt, updatedAt }: EventType): EventTypeView {
  return {
    name,
    description,
    schema,
    maxEventBytes: largestEvent(schema),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** With a schema that older rules let in and that cannot be used any more, events are not checked, as without one. */
function largestEvent(schema: EventType['schema']): number {
  try {
    return schema === null ? MAX_EVENT_BYTES : maxEventBytes(schema);
  } catch (error) {
    if (error instanceof SchemaRefused) return MAX_EVENT_BYTES;
    throw error;
  }
}
