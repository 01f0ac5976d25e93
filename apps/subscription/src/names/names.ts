import type { Access } from '@postduif/access';
import { ApiError } from '@postduif/contracts';
import { recordChange } from '../audit/record-change.js';
import type { RecordedState } from '../audit/record-change.js';
import { entityTag, unconditional } from '../changes/precondition.js';
import type { Precondition } from '../changes/precondition.js';
import type { Database, Queries } from '../database/database.js';
import { isViolationOf } from '../database/store-error.js';
import type { Log } from '../log.js';
import { invalid } from '../v4/invalid.js';
import * as rows from './name-rows.js';
import type { NameKey, NameKind, NameList, NameRow } from './name-rows.js';
import { placeholderOf } from './name-views.js';

/** What Copernica's clients know for an id that is not there (spec section 10.1). */
const UNKNOWN: Readonly<Record<NameKind, string>> = {
  database: 'No database with supplied ID',
  collection: 'No collection with given ID',
  field: 'No entity with supplied ID',
  interest: 'No entity with supplied ID',
};

/** The registry of names: databases, collections, fields and interests of an account. */
export class Names {
  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  /** A page; `total` only when it is counted. */
  async list(
    list: NameList,
    { start, limit, total }: { start: number; limit: number; total: boolean },
  ): Promise<{ names: NameRow[]; total: number | undefined }> {
    const names = await rows.listNames(this.database, list, { start, limit });
    return { names, total: total ? await rows.countNames(this.database, list) : undefined };
  }

  /** Throws `not_found` in Copernica's words. */
  async get(key: NameKey): Promise<NameRow> {
    return found(key.kind, await rows.findName(this.database, key));
  }

  /** Returns the id that it gives out. */
  async create(
    { token }: Access,
    list: NameList,
    given: { readonly name: string; readonly group?: string | null | undefined },
  ): Promise<string> {
    const { id } = await this.#changing(async (transaction) => {
      const made = await rows.insertName(transaction, list, given);
      await record(transaction, list, undefined, made);
      return made;
    });
    this.#say(token, { ...list, id }, 'name created');
    return id;
  }

  /** Makes or names what has an id already, elsewhere. Returns whether it was made. */
  async register(
    { token }: Access,
    list: NameList,
    given: { readonly id: number; readonly name: string },
  ): Promise<boolean> {
    const put = await this.#changing(async (transaction) => {
      const before = await rows.findName(transaction, { ...list, id: given.id }, 'lock');
      const after = await rows.putName(transaction, list, given);
      if (after === undefined) throw invalid(`ID: this ${list.kind} is in another database`);
      await record(transaction, list, before, after);
      return after;
    });
    this.#say(token, { ...list, id: given.id }, 'name registered');
    return put.isNew;
  }

  /** What is absent stays. */
  async change(
    { token }: Access,
    key: NameKey,
    given: { readonly name?: string | undefined; readonly group?: string | null | undefined },
    precondition: Precondition = unconditional,
  ): Promise<void> {
    await this.#changing(async (transaction) => {
      const before = found(key.kind, await rows.findName(transaction, key, 'lock'));
      precondition(entityTag(before.version));
      // Whoever puts back what he has read has not named it.
      const isPlaceholder = before.name === null && given.name === placeholderOf(key);
      const changes = isPlaceholder ? { ...given, name: undefined } : given;
      await record(transaction, key, before, await rows.changeName(transaction, key, changes));
    });
    this.#say(token, key, 'name changed');
  }

  #changing<T>(work: (transaction: Queries) => Promise<T>): Promise<T> {
    return refusingTakenNames(() => this.database.transaction(work));
  }

  #say(token: string, { account, kind, id }: { account: string; kind: NameKind; id: string | number }, what: string) {
    this.log.info({ account, token, kind, id: String(id) }, what);
  }
}

async function record(
  transaction: Queries,
  { account, kind }: Pick<NameKey, 'account' | 'kind'>,
  before: NameRow | undefined,
  after: NameRow | undefined,
): Promise<void> {
  const id = (after ?? before)?.id ?? '';
  const states = { before: before && recorded(before), after: after && recorded(after) };
  await recordChange(transaction, { account, entity: kind, id, ...states });
}

function recorded({ place, name, group, version }: NameRow): RecordedState {
  return { place, name, group, version };
}

export function unknownName(kind: NameKind): ApiError {
  return new ApiError('not_found', UNKNOWN[kind]);
}

function found(kind: NameKind, row: NameRow | undefined): NameRow {
  if (row === undefined) throw unknownName(kind);
  return row;
}

async function refusingTakenNames<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isViolationOf(error, 'names_unique')) throw invalid('name: there is one of this name already');
    throw error;
  }
}
