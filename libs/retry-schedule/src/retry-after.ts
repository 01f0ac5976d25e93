/** Longest wait that a receiver can ask for: 24 hours, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1_000;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const IMF_FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const RFC_850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/**
 * `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date in one of the three forms of section 5.6.7. Returns milliseconds from
 * `now`, at least 0 (also for a negative number, which the RFC does not know, and for a date that is past) and at most 24 hours;
 * `undefined` when the value is neither.
 */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const text = value.trim();
  const wait = /^-?\d+$/.test(text) ? Number(text) * 1_000 : waitUntil(parseHttpDate(text, now), now);
  return wait === undefined ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MS);
}

function waitUntil(moment: number | undefined, now: number): number | undefined {
  return moment === undefined ? undefined : moment - now;
}

/** Unix milliseconds of an HTTP-date; `undefined` when it is none. */
export function parseHttpDate(text: string, now: number): number | undefined {
  let match = IMF_FIXDATE.exec(text);
  if (match) return utc(match[3], match[2], match[1], match.slice(4));
  match = RFC_850.exec(text);
  if (match) return utc(fullYear(Number(match[3]), now), match[2], match[1], match.slice(4));
  match = ASCTIME.exec(text);
  if (match) return utc(match[6], match[1], match[2], match.slice(3, 6));
  return undefined;
}

/** RFC 9110 section 5.6.7: a two-digit year that seems more than 50 years ahead is the latest past year with those digits. */
function fullYear(twoDigits: number, now: number): string {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return String(year > thisYear + 50 ? year - 100 : year);
}

function utc(year = '', month = '', day = '', time: readonly string[] = []): number | undefined {
  const index = MONTHS.indexOf(month);
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
  if (index < 0 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const moment = Date.UTC(Number(year), index, Number(day), hours, minutes, seconds);
  return new Date(Date.UTC(Number(year), index, Number(day))).getUTCDate() === Number(day) ? moment : undefined;
}
