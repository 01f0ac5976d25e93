import { ApiError, isJsonObject } from '@postduif/contracts';
import { parseData } from './json.js';

/**
 * A CloudEvent in structured mode (JSON event format, section 3.1). `data_base64` holds bytes, which for us have to be JSON: they
 * become `data`.
 */
export function structuredEvent(value: unknown): unknown {
  if (!isJsonObject(value) || value.data_base64 === undefined || value.data_base64 === null) return value;
  const { data_base64: encoded, ...event } = value;
  if (event.data !== undefined)
    throw invalid('data_base64', 'give the data either as `data` or as `data_base64`, not as both');
  if (typeof encoded !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0)
    throw invalid('data_base64', 'must be base64 (RFC 4648 section 4, with padding)');
  return { ...event, data: parseData(Buffer.from(encoded, 'base64'), 'The bytes in `data_base64` must be JSON. ') };
}

/**
 * A CloudEvent in binary mode: attributes beside the data.
 *
 * @param attributes by their names without `ce-` or `ce_`
 * @param contentType becomes `datacontenttype`
 */
export function binaryEvent(
  attributes: Readonly<Record<string, string>>,
  contentType: string | undefined,
  body: Uint8Array,
): Record<string, unknown> {
  if (attributes.data !== undefined) throw invalid('data', 'is no attribute: send the data as the body');
  return {
    ...attributes,
    ...(contentType === undefined ? {} : { datacontenttype: contentType }),
    data: parseData(body),
  };
}

/** The attributes among headers, by their names without the prefix. */
export function attributesOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  prefix: string,
): Record<string, string> {
  const attributes = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const lower = name.toLowerCase();
    if (!lower.startsWith(prefix) || value === undefined) return [];
    return [[lower.slice(prefix.length), typeof value === 'string' ? value : value.join(', ')]];
  });
  return Object.fromEntries(attributes);
}

/**
 * Headers of HTTP are ASCII: other characters come percent-encoded, and a value in double quotes is meant without them (CloudEvents HTTP
 * binding, section 3.1.3.2; RFC 9110 section 5.6.4).
 */
export function percentDecoded(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, decode(name, value)]));
}

const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;
const ASCII = /^[\x20-\x7e\t]*$/;

function decode(name: string, value: string): string {
  const quoted = QUOTED.exec(value)?.[1];
  const text = quoted === undefined ? value : quoted.replace(/\\(.)/g, '$1');
  if (!ASCII.test(text)) throw invalid(`ce-${name}`, 'characters beyond ASCII must be percent-encoded as UTF-8');
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw invalid(`ce-${name}`, 'is not right percent-encoding of UTF-8; a percent sign itself is written `%25`');
  }
}

function invalid(path: string, message: string): ApiError {
  return new ApiError('invalid_event', undefined, { errors: [{ path, message }] });
}
