import { z } from 'zod';
import { CONTROL, line, numericId } from './fields.js';
import { bracketName } from './triggers.js';

/**
 * Databases, collections, fields and interests by name and id, under `/v4/databases` (spec section 10.1). Unknown properties are
 * ignored, as Copernica does: its clients send types and descriptions along.
 */

const NAME = 'must be 1 to 255 characters';

/** Names of databases and collections are for people only: they are never posted. */
const title = line.min(1, NAME).max(255, NAME);

/** Names of fields and interests stand in brackets in what is posted; one that a receiver could not read back is refused. */
export const postedName = bracketName
  .pipe(line)
  .refine((name) => name !== '__proto__', 'may not be `__proto__`')
  // For documents, which say of a pipe only where it begins.
  .meta({ pattern: String.raw`^[^\[\]${CONTROL}]*$` });

/** `null` and the empty text are no group. */
const group = z.union([z.null(), z.literal('').transform(() => null), postedName], {
  error: 'must be a name without `[`, `]` and NUL',
});

/** `POST /v4/databases` and `POST /v4/database/{id}/collections`: the id is given out here. */
export const createTitled = z.object({ name: title });
/** `PUT` on the same lists: made or renamed under an id that the producer of the events has given out. */
export const registerTitled = z.object({ ID: numericId, name: title });
/** `PUT /v4/database/{id}` and `PUT /v4/collection/{id}`: what is absent stays. */
export const renameTitled = z.object({ name: title.optional() });

export const createField = z.object({ name: postedName });
export const renameField = z.object({ name: postedName.optional() });

export const createInterest = z.object({ name: postedName, group: group.optional() });
export const changeInterest = z.object({ name: postedName.optional(), group: group.optional() });

/** A database or a collection as `/v4` shows it. */
export const titledView = z.object({
  ID: z.string(),
  name: z.string().describe('While nobody has named it: `Database 12`, `Collection 12`.'),
  named: z.boolean().describe('False when the name is only such a placeholder: events have mentioned the id.'),
  database: z.string().optional().describe('Only of a collection: where it is.'),
});

export type TitledView = Readonly<z.output<typeof titledView>>;

export const fieldView = z.object({ ID: z.string(), name: z.string() });

export type FieldView = Readonly<z.output<typeof fieldView>>;

export const interestView = fieldView.extend({ group: z.string().nullable() });

export type InterestView = Readonly<z.output<typeof interestView>>;
