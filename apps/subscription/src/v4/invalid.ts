import { ApiError } from '@postduif/contracts';

/** The error of `/v4` for data that is not right. */
export function invalid(what: string): ApiError {
  return new ApiError('invalid_request', `Invalid data provided: ${what}`);
}
