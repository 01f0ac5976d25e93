import { describe, expect, it } from '@jest/globals';
import { CopyRows } from '../ingestion/copy-rows.js';
import { UnreadableRecordError } from '../ingestion/source-record.js';
import { RetentionWindow } from '../partitions/retention-window.js';
import { readCopy } from '../testing/copy-reader.js';
import { eventOf, recordOf } from '../testing/records.js';
import { eventRows } from './event-rows.js';

const NOW = Date.UTC(2026, 0, 15, 10, 20, 30);
const window = new RetentionWindow(30, () => NOW);

function rowOf(value: unknown, headers: Record<string, string> = {}): Record<string, Buffer | null> {
  const rows = new CopyRows(eventRows.columns.length);
  eventRows.append(rows, recordOf({ topic: 'events', offset: 7, timestamp: NOW - 1_000 }, value, headers), window);
  const fields = readCopy(rows.finish())[0] ?? [];
  return Object.fromEntries(eventRows.columns.map((column, index) => [column, fields[index] ?? null]));
}

describe('an event as a row', () => {
  it('keeps the bytes of the record', () => {
    const value = Buffer.from(
      '{ "id":"1", "type":"a.b",  "time":"2026-01-15T10:20:30Z","account":"1","data":{"x":"\\u0000\\ud800"}}',
    );
    expect(rowOf(value).body).toEqual(value);
  });

  it('has message and recipient of its data as columns', () => {
    const row = rowOf(eventOf({ data: { message: 'm1', recipient: 'ann@example.com' } }));
    expect([row.message?.toString(), row.recipient?.toString()]).toEqual(['m1', 'ann@example.com']);
  });

  it('given free data under those names, leaves the columns empty', () => {
    const row = rowOf(eventOf({ data: { message: { text: 'hello' }, recipient: 'x'.repeat(10_000) } }));
    expect([row.message, row.recipient]).toEqual([null, null]);
  });

  it.each([
    ['the header, when there is one', { 'accepted-at': String(NOW - 5_000) }, NOW - 5_000],
    ['the time of the record otherwise', {}, NOW - 1_000],
    ['the time of the record when the header is odd', { 'accepted-at': 'noon' }, NOW - 1_000],
  ])('was accepted at %s', (_, headers, expected) => {
    const rows = new CopyRows(eventRows.columns.length);
    const record = recordOf({ topic: 'events', offset: 7, timestamp: NOW - 1_000 }, eventOf(), headers);
    expect(eventRows.append(rows, record, window)).toBe(expected);
  });

  it.each([
    ['no value', null],
    ['bytes that are no JSON', Buffer.from([0, 255, 17])],
    ['another JSON value', 5],
    ['no id', eventOf({ id: undefined })],
    ['an id too long for the index', eventOf({ id: 'x'.repeat(10_000) })],
    ['a time that is none', eventOf({ time: 'soon' })],
    ['an id of a profile that is no number', eventOf({ profile: 'ann' })],
  ])('given %s, is unreadable and adds nothing', (_, value) => {
    const rows = new CopyRows(eventRows.columns.length);
    expect(() => eventRows.append(rows, recordOf({ topic: 'events', offset: 7 }, value), window)).toThrow(
      UnreadableRecordError,
    );
    expect(readCopy(rows.finish())).toEqual([]);
  });

  it('names no values when it is unreadable', () => {
    const secret = Buffer.from('{"password": hunter2}');
    expect(() => rowOf(secret)).toThrow(/^is not JSON$/);
  });
});
