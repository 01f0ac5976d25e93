import type { FieldView, InterestView, TitledView } from '@postduif/contracts';
import type { NameRow } from './name-rows.js';

export function toDatabase(row: NameRow): TitledView {
  return titled('Database', row);
}

export function toCollection(row: NameRow): TitledView {
  return { ...titled('Collection', row), database: row.place.slice('database/'.length) };
}

function titled(what: string, { id, name }: NameRow): TitledView {
  return { ID: id, name: name ?? `${what} ${id}`, named: name !== null };
}

export function toField({ id, name }: NameRow): FieldView {
  return { ID: id, name: name ?? '' };
}

export function toInterest(row: NameRow): InterestView {
  return { ...toField(row), group: row.group };
}
