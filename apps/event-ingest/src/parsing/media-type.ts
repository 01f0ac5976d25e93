import { ApiError } from '@postduif/contracts';

/** The media types that events come in. `undefined` is a body that does not say. */
export type MediaType = 'json' | 'ndjson' | 'cloudevent' | 'cloudevents-batch' | undefined;

const JSON_SUFFIX = /^application\/[a-z0-9.-]+\+json$/;

/**
 * Understands a `Content-Type`; throws `unsupported_media_type`.
 *
 * @param taken sentence that says which ones there are
 */
export function mediaTypeOf(contentType: string | undefined, taken: string): MediaType {
  if (contentType === undefined || contentType.trim() === '') return undefined;
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  for (const parameter of parameters) requireUtf8(parameter.trim());
  return typeOf(type.trim(), taken);
}

function requireUtf8(parameter: string): void {
  const charset = /^charset *= *"?([^"]*)"?$/.exec(parameter)?.[1];
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') return;
  throw new ApiError('unsupported_media_type', 'Events must be in UTF-8.');
}

function typeOf(type: string, taken: string): MediaType {
  switch (type) {
    case 'application/x-ndjson':
    case 'application/ndjson':
      return 'ndjson';
    case 'application/cloudevents+json':
      return 'cloudevent';
    case 'application/cloudevents-batch+json':
      return 'cloudevents-batch';
    default:
      if (type === 'application/json' || JSON_SUFFIX.test(type)) return 'json';
      throw new ApiError('unsupported_media_type', taken);
  }
}
