import { z } from 'zod';
import { dottedType } from './event.js';
import { readOnly, text } from './fields.js';
import { isCopernicaTrigger } from './triggers.js';

/** Name of an event type that an account may describe: dotted. Copernica's ten triggers are described already. */
export const eventTypeName = dottedType.refine(
  (name) => !isCopernicaTrigger(name),
  'is a trigger of Copernica, whose data is described already: choose a name of your own',
);

const SCHEMA = 'must be a JSON object, such as {}, which takes anything, or null';

/** `PUT /v1/event-types/{name}`: the whole description. */
export const putEventType = z.strictObject({
  /** For people. */
  description: text.max(2_000).default(''),
  /** JSON Schema (2020-12) of the events' `data`; null: anything goes. */
  schema: z.record(z.string(), z.unknown(), SCHEMA).nullable().default(null),
  name: readOnly,
  maxEventBytes: readOnly,
  createdAt: readOnly,
  updatedAt: readOnly,
});

export type PutEventType = z.output<typeof putEventType>;

/** An event type as `/v1` shows it. Times are ISO 8601 in UTC. */
export const eventTypeView = z.object({
  name: z.string(),
  description: z.string(),
  schema: z.record(z.string(), z.unknown()).readonly().nullable(),
  maxEventBytes: z
    .number()
    .describe(
      'Largest event of this type, in bytes of JSON: the larger a schema is, the smaller its events have to be.',
    ),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export type EventTypeView = Readonly<z.output<typeof eventTypeView>>;
