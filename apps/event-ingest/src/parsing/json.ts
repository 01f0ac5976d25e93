import { ApiError, JsonError, parseJson as parse } from '@postduif/contracts';

/** Strict JSON in UTF-8; throws `invalid_json`, which never repeats the input. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof JsonError) throw new ApiError('invalid_json', error.message, { cause: error });
    throw error;
  }
}
