import { ApiError, configKey, parseConfigRecord } from '@postduif/contracts';
import { DataSchema } from '@postduif/event-types';
import type { ParsedEvent } from '../parsing/parsed-event.js';

const PREFIX = configKey('event-type', '');

/** The schemas that accounts have registered for event types of their own. */
export class EventTypes {
  readonly #schemas = new Map<string, DataSchema>();

  concerns(key: string): boolean {
    return key.startsWith(PREFIX);
  }

  /** Takes in a record of the topic `config`; throws when it cannot be read, and what was known stays. */
  apply(key: string, value: Buffer | null): void {
    const { snapshot } = parseConfigRecord(key, value);
    const name = key.slice(PREFIX.length);
    if (snapshot?.kind !== 'event-type' || snapshot.schema === null) this.#schemas.delete(name);
    else this.#schemas.set(name, new DataSchema(snapshot.schema));
  }

  /** Why an event is refused: its data does not fit the schema of its type, or it is larger than can be checked. */
  refusalOf({ event, json }: ParsedEvent): ApiError | undefined {
    const { account, type, data } = event;
    const schema = this.#schemas.get(`${account}/${type}`);
    if (schema === undefined) return undefined;
    if (json.length > schema.maxEventBytes)
      return new ApiError(
        'payload_too_large',
        `The event has ${json.length} bytes; with the schema of ${type} ${schema.maxEventBytes} are allowed.`,
      );
    const errors = schema.errors(data);
    return errors.length === 0 ? undefined : new ApiError('schema_mismatch', undefined, { errors });
  }
}
