import { randomInt, timingSafeEqual } from 'node:crypto';
import { parseHandlerUrl } from '@postduif/outbound';

const BRAND = 'postduif';
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** 36^20 is more than 100 bits. */
const TOKEN_LENGTH = 20;
/** Bytes of a file that are read. */
export const MAX_FILE_BYTES = 1_024;

/** The file that shows who runs a handler's server: both parts are secret until it is put there (spec section 7.1). */
export interface VerificationFile {
  readonly name: string;
  /** The line that it holds. */
  readonly line: string;
}

export function createVerificationFile(): VerificationFile {
  return { name: `${BRAND}-${token()}.txt`, line: `${BRAND}-webhook-verification=${token()}` };
}

function token(): string {
  return Array.from({ length: TOKEN_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** Where the file may be: beside the script, then at the root; one place when they coincide. */
export function fileLocations(handler: string, name: string): string[] {
  const { origin } = parseHandlerUrl(handler);
  return [...new Set([`${directoryOf(handler)}${name}`, `${origin}/${name}`])];
}

/** Scheme, host, port and directory of a handler. While they stay the same, so does the verification. */
export function directoryOf(handler: string): string {
  const { origin, target } = parseHandlerUrl(handler);
  const path = target.split('?', 1)[0] ?? '/';
  return origin + path.slice(0, path.lastIndexOf('/') + 1);
}

/** Whether a file's body is the expected line, white space and a byte order mark around it aside. In constant time. */
export function isExpectedLine(body: Buffer, line: string): boolean {
  // JavaScript's white space has the byte order mark in it.
  const found = Buffer.from(body.toString('utf8').trim());
  const expected = Buffer.from(line);
  return found.length === expected.length && timingSafeEqual(found, expected);
}
