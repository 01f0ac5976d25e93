import type { Header } from '@postduif/signing';

/** Headers as servers give them: an object as in Node.js (names in any case), or pairs such as the `Headers` of Fetch. */
export type ReceivedHeaders =
  Iterable<readonly [name: string, value: string]> | Readonly<Record<string, string | readonly string[] | undefined>>;

export function headerPairs(headers: ReceivedHeaders): Header[] {
  if (Symbol.iterator in headers) return Array.from(headers as Iterable<Header>);
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): Header => [name, one]),
  );
}

/** Value of a header by its name in lower case; the first counts, as it does for the signature. */
export function headerOf(headers: readonly Header[], name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1].trim();
}
