import { Metadata, status } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';
import type { ApiError } from '@postduif/contracts';
import { encode } from './package-definition.js';

const CODES: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  412: status.ABORTED,
  413: status.INVALID_ARGUMENT,
  415: status.INVALID_ARGUMENT,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  503: status.UNAVAILABLE,
};

const DOMAIN = 'postduif';
const DETAILS = 'grpc-status-details-bin';

/** An error as gRPC's richer error model has it: ErrorInfo with our stable code, BadRequest with the fields, RetryInfo. */
export function toGrpcStatus(error: ApiError): Partial<StatusObject> {
  const code = CODES[error.status] ?? status.INTERNAL;
  const metadata = new Metadata();
  metadata.set(DETAILS, encode('google.rpc.Status', { code, message: error.detail, details: detailsOf(error) }));
  return { code, details: error.detail, metadata };
}

function detailsOf({ code, status: httpStatus, options }: ApiError): object[] {
  const details = [detail('google.rpc.ErrorInfo', { reason: code, domain: DOMAIN })];
  const { errors } = options;
  if (errors !== undefined) {
    const violations = errors.map(({ path, message }) => ({ field: path, description: message }));
    details.push(detail('google.rpc.BadRequest', { field_violations: violations }));
  }
  const seconds = options.retryAfterSeconds ?? (httpStatus === 503 || httpStatus === 429 ? 1 : undefined);
  if (seconds !== undefined) details.push(detail('google.rpc.RetryInfo', { retry_delay: { seconds } }));
  return details;
}

/** As `google.protobuf.Any`. */
function detail(type: string, message: object): object {
  return { type_url: `type.googleapis.com/${type}`, value: encode(type, message) };
}
