import { describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { ApiError, ERRORS } from '@postduif/contracts';
import type { ErrorCode } from '@postduif/contracts';
import { toGrpcStatus } from './grpc-status.js';
import { packageDefinition } from './package-definition.js';

interface Status {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly type_url: string; readonly value: Buffer }[];
}

function decode(type: string, bytes: Buffer): unknown {
  return (packageDefinition[type] as MessageTypeDefinition<object, object>).deserialize(bytes);
}

function detailsOf(error: ApiError): Record<string, unknown> {
  const { metadata } = toGrpcStatus(error);
  const { details } = decode('google.rpc.Status', metadata?.get('grpc-status-details-bin')[0] as Buffer) as Status;
  return Object.fromEntries(
    details.map(({ type_url, value }) => {
      const type = type_url.replace('type.googleapis.com/', '');
      return [type, decode(type, value)];
    }),
  );
}

describe('the status of an error', () => {
  it.each([
    ['invalid_request', status.INVALID_ARGUMENT],
    ['unauthenticated', status.UNAUTHENTICATED],
    ['forbidden', status.PERMISSION_DENIED],
    ['not_found', status.NOT_FOUND],
    ['rate_limited', status.RESOURCE_EXHAUSTED],
    ['store_unavailable', status.UNAVAILABLE],
    ['internal_error', status.INTERNAL],
  ] as const)('given %s, then it is %s', (code, expected) => {
    expect(toGrpcStatus(new ApiError(code)).code).toBe(expected);
  });

  it.each(Object.keys(ERRORS) as ErrorCode[])('given %s, then a program finds the code in the details', (code) => {
    const { code: statusCode, details } = toGrpcStatus(new ApiError(code, 'what is wrong'));
    expect([statusCode === status.OK, details]).toEqual([false, 'what is wrong']);
    expect(detailsOf(new ApiError(code))['google.rpc.ErrorInfo']).toMatchObject({ reason: code, domain: 'postduif' });
  });

  it('given wrong fields, then each is named', () => {
    const errors = [{ path: 'webhook.rate', message: 'must be a number' }];
    expect(detailsOf(new ApiError('invalid_request', 'x', { errors }))['google.rpc.BadRequest']).toEqual({
      field_violations: [{ field: 'webhook.rate', description: 'must be a number' }],
    });
  });

  it('given that it passes, then it says when to call again, and otherwise not', () => {
    const away = detailsOf(new ApiError('store_unavailable', undefined, { retryAfterSeconds: 5 }));
    expect(away['google.rpc.RetryInfo']).toEqual({ retry_delay: { seconds: 5, nanos: 0 } });
    expect(detailsOf(new ApiError('not_ready'))['google.rpc.RetryInfo']).toEqual({
      retry_delay: { seconds: 1, nanos: 0 },
    });
    expect(detailsOf(new ApiError('not_found'))).not.toHaveProperty(['google.rpc.RetryInfo']);
  });
});
