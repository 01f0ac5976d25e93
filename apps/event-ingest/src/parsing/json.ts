import { ApiError, JsonError, MAX_DATA_DEPTH, MAX_JSON_DEPTH, parseJson as parse } from '@postduif/contracts';

/** Strict JSON in UTF-8; throws `invalid_json`, which never repeats the input. */
export function parseJson(bytes: Uint8Array): unknown {
  return read(bytes, MAX_JSON_DEPTH, '');
}

/** The same for data that comes beside its event. `holder` begins what is said against it. */
export function parseData(bytes: Uint8Array, holder = ''): unknown {
  return read(bytes, MAX_DATA_DEPTH, holder);
}

function read(bytes: Uint8Array, maxDepth: number, holder: string): unknown {
  try {
    return parse(bytes, { maxDepth });
  } catch (error) {
    if (error instanceof JsonError) throw new ApiError('invalid_json', holder + error.message, { cause: error });
    throw error;
  }
}
