/** What the events of a load look like. */
export interface EventShape {
  /** `click`, or a dotted type of one's own. */
  readonly type: string;
  /** An id beside the data, by which webhooks may choose. */
  readonly database?: number;
}

/** Bytes of every event, as JSON. */
export const EVENT_BYTES = 512;

const PROSE = 'The pigeon flew over the canal and came back before the rain. '.repeat(8);
const CLICK = {
  message: 'b4icbaqjswyrb7tc',
  recipient: 'ann@example.com',
  ip: '203.0.113.9',
  useragent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};
const LINK = 'https://shop.example/p?utm=';

/** An event of exactly `EVENT_BYTES` whose id ends in its number. */
export function eventText({ type, database }: EventShape, number: number): string {
  const ids = { id: `bench-${String(number).padStart(9, '0')}`, type, ...(database === undefined ? {} : { database }) };
  const withText = (text: string): string =>
    JSON.stringify({ ...ids, data: type === 'click' ? { ...CLICK, original: LINK + text } : { text } });
  const room = EVENT_BYTES - withText('').length;
  return withText(type === 'click' ? PROSE.replaceAll(' ', '-').slice(0, room) : PROSE.slice(0, room));
}
