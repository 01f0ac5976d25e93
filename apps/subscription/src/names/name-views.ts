import type { FieldView, InterestView, TitledView } from '@postduif/contracts';
import type { NameKey, NameRow } from './name-rows.js';

export function toDatabase(row: NameRow): TitledView {
  return titled('database', row);
}

export function toCollection(row: NameRow): TitledView {
  return { ...titled('collection', row), database: row.place.slice('database/'.length) };
}

/** What is shown while nobody has named it. */
export function placeholderOf({ kind, id }: Pick<NameKey, 'kind' | 'id'>): string {
  return `${kind === 'database' ? 'Database' : 'Collection'} ${id}`;
}

function titled(kind: 'database' | 'collection', { id, name }: NameRow): TitledView {
  return { ID: id, name: name ?? placeholderOf({ kind, id: Number(id) }), named: name !== null };
}

export function toField({ id, name }: NameRow): FieldView {
  return { ID: id, name: name ?? '' };
}

export function toInterest(row: NameRow): InterestView {
  return { ...toField(row), group: row.group };
}
