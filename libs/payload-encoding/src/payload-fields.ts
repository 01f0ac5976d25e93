import { isCopernicaTrigger } from '@postduif/contracts';
import type { CopernicaEvent, Event, EventAttributes, TriggerData } from '@postduif/contracts';
import { copernicaTime } from './moment.js';

/** Names and values of a map; `null` is an unknown value and is not sent. */
export type PayloadMap = Readonly<Record<string, string | number | boolean | null>>;
export type PayloadValue = string | number | Buffer | readonly string[] | PayloadMap;
/** What a receiver gets beside type and time: name and value. An absent value is not sent. */
export type PayloadField = readonly [name: string, value: PayloadValue | undefined];

export function isCopernicaEvent(event: Event): event is CopernicaEvent {
  return isCopernicaTrigger(event.type);
}

export function isList(value: PayloadValue): value is readonly string[] {
  return Array.isArray(value);
}

/**
 * The fields of a Copernica event in the order of spec section 3.2: `id`, the ids, the trigger's own fields in the order of section 4,
 * and last `interests` or `tags`. The ids are those of the event, whatever the trigger, in the order of section 4.9:
 * profile, subprofile, database, collection, then mailing.
 */
export function payloadFields(event: CopernicaEvent): PayloadField[] {
  switch (event.type) {
    case 'create':
    case 'update':
      return [['id', event.subprofile ?? event.profile], ...ids(event), ...profileChange(event, event.data)];
    case 'delete':
      return [['id', event.subprofile ?? event.profile], ...ids(event), ['fields', event.data.fields]];
    case 'unsubscribe':
      return [['id', event.data.id], ...ids(event), ...unsubscribe(event.data), ['tags', event.data.tags]];
    default:
      return [['id', event.data.message], ...ids(event), ...ofMessage(event), ['tags', event.data.tags]];
  }
}

export function ids({ profile, subprofile, database, collection, mailing }: EventAttributes): PayloadField[] {
  return [
    ['profile', profile],
    ['subprofile', subprofile],
    ['database', database],
    ['collection', collection],
    ['mailing', mailing],
  ];
}

/** A subprofile has no interests (spec section 4.9). */
function profileChange(event: EventAttributes, data: TriggerData['create']): PayloadField[] {
  const { created, modified, parameters, fields } = data;
  const changed: PayloadField[] = [
    ['created', created === undefined ? undefined : copernicaTime(created)],
    ['modified', modified === undefined ? undefined : copernicaTime(modified)],
    ['parameters', parameters],
    ['fields', fields],
  ];
  return event.subprofile === undefined ? [...changed, ...interests(data.interests)] : changed;
}

/** The names as a list; their groups beside it, by name, when there are any. */
function interests(list: TriggerData['create']['interests']): PayloadField[] {
  const groups = list.flatMap(({ name, group }): [string, string][] => (group === undefined ? [] : [[name, group]]));
  return [
    ['interests', list.map(({ name }) => name)],
    ['interestgroups', groups.length === 0 ? undefined : Object.fromEntries(groups)],
  ];
}

/** Its `id` is the unsubscribe's own, so the message has another name (spec section 4.7). */
function unsubscribe({ message, recipient, source }: TriggerData['unsubscribe']): PayloadField[] {
  return [
    ['message', message],
    ['recipient', recipient],
    ['source', source],
  ];
}

type MessageEvent = Extract<CopernicaEvent, { type: 'bounce' | 'failure' | 'delivery' | 'click' | 'open' | 'abuse' }>;

function ofMessage(event: MessageEvent): PayloadField[] {
  const recipient: PayloadField = ['recipient', event.data.recipient];
  switch (event.type) {
    case 'bounce':
      return [recipient, ['envelope', event.data.envelope], mime(event.data)];
    case 'abuse':
      return [recipient, ['emailfrom', event.data.emailfrom], mime(event.data)];
    case 'failure':
      return [recipient, ['action', event.data.action], ['state', event.data.state], ...answer(event.data)];
    case 'delivery':
      return [recipient, ...answer(event.data)];
    case 'click':
      return [recipient, ['ip', event.data.ip], ['original', event.data.original], ...browser(event.data)];
    case 'open':
      return [recipient, ['ip', event.data.ip], ...browser(event.data)];
  }
}

function answer({ code, extended, description }: TriggerData['delivery']): PayloadField[] {
  return [
    ['code', code],
    ['extended', extended],
    ['description', description],
  ];
}

function browser({ useragent, referer }: TriggerData['open']): PayloadField[] {
  return [
    ['useragent', useragent],
    ['referer', referer],
  ];
}

/** Bytes that came as base64 go out as bytes. */
function mime(data: TriggerData['bounce'] | TriggerData['abuse']): PayloadField {
  return ['mime', data.mime_base64 === undefined ? data.mime : Buffer.from(data.mime_base64, 'base64')];
}
