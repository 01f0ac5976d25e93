import { accountId, isCopernicaTrigger, isJsonObject, numericId, postedName } from '@postduif/contracts';
import { z } from 'zod';
import type { NameKind, Place } from './name-rows.js';

/** Something that an event names: a database or collection by its id, a field or interest by its name. */
export interface Mention {
  readonly account: string;
  readonly kind: NameKind;
  readonly place: Place;
  readonly id?: number;
  readonly name?: string;
  readonly group?: string;
}

/** What is looked at of an event, as it stands on `events`: event-ingest has checked it by the whole contract. */
const mentioning = z.object({
  account: accountId,
  type: z.string(),
  database: numericId.optional(),
  collection: numericId.optional(),
  data: z.object({ fields: z.unknown().optional(), interests: z.unknown().optional() }),
});
const interests = z.array(z.object({ name: z.string(), group: z.string().optional() }));

/**
 * What an event mentions. Not its `parameters`, which mix fields and interests (spec section 4.9), nor the data of types of one's own.
 * A collection counts only together with its database. Throws when it is not an event.
 */
export function mentionsOf(json: string): Mention[] {
  const { account, type, database, collection, data } = mentioning.parse(JSON.parse(json));
  if (database === undefined) return [];
  const place: Place = `database/${database}`;
  const mentions: Mention[] = [{ account, kind: 'database', place: '', id: database }];
  if (collection !== undefined) mentions.push({ account, kind: 'collection', place, id: collection });
  if (!isCopernicaTrigger(type)) return mentions;
  const owner: Place = collection === undefined ? place : `collection/${collection}`;
  for (const name of isJsonObject(data.fields) ? Object.keys(data.fields) : [])
    mentions.push({ account, kind: 'field', place: owner, name });
  for (const { name, group } of interests.catch([]).parse(data.interests))
    mentions.push({ account, kind: 'interest', place, name, ...(group === undefined ? {} : { group }) });
  return mentions;
}

/** What tells mentions apart: cheap, since it is made for every name in every event. */
export function mentionKey({ account, kind, place, id, name, group }: Mention): string {
  return `${account}\n${kind}\n${place}\n${id ?? ''}\n${name ?? ''}\n${group ?? ''}`;
}

/** Whether its names can be posted and read back; the registry holds no others. */
export function isStorable({ name, group }: Mention): boolean {
  return [name, group].every((text) => text === undefined || postedName.safeParse(text).success);
}
