import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';
import { ConfigurationError, integer } from '@postduif/service';
import { z } from 'zod';

/** Path of a file in PEM, read before the start. */
const pemFile = z
  .string()
  .transform((path, context) => {
    try {
      return readFileSync(path);
    } catch (error) {
      context.addIssue({ code: 'custom', message: `must be the path of a file in PEM (${(error as Error).message})` });
      return z.NEVER;
    }
  })
  .optional();

/** Settings of the gRPC server. */
export const grpcSettings = {
  /** Port of `postduif.config.v1` on HOST; 0: any that is free. Default: gRPC is not served. */
  GRPC_PORT: integer(0, 65_535).optional(),
  /** Certificate chain of the gRPC server, and its private key: both or none. Default: no TLS. */
  GRPC_TLS_CERT: pemFile,
  GRPC_TLS_KEY: pemFile,
  /** With it, clients must show a certificate of one of these authorities (mutual TLS). Tokens are needed all the same. */
  GRPC_TLS_CLIENT_CA: pemFile,
};

export type GrpcSettings = z.output<z.ZodObject<typeof grpcSettings>>;

export interface GrpcSecurity {
  readonly credentials: ServerCredentials;
  readonly tls: 'none' | 'server' | 'mutual';
}

/** Throws `ConfigurationError` when the certificates cannot be used. */
export function grpcSecurity({ GRPC_TLS_CERT, GRPC_TLS_KEY, GRPC_TLS_CLIENT_CA }: GrpcSettings): GrpcSecurity {
  if ((GRPC_TLS_CERT === undefined) !== (GRPC_TLS_KEY === undefined))
    throw new ConfigurationError(['GRPC_TLS_CERT, GRPC_TLS_KEY: set both or none']);
  if (GRPC_TLS_CERT === undefined || GRPC_TLS_KEY === undefined) {
    if (GRPC_TLS_CLIENT_CA !== undefined)
      throw new ConfigurationError(['GRPC_TLS_CLIENT_CA: needs GRPC_TLS_CERT and GRPC_TLS_KEY']);
    return { credentials: ServerCredentials.createInsecure(), tls: 'none' };
  }
  const pair = { cert: GRPC_TLS_CERT, key: GRPC_TLS_KEY };
  check('GRPC_TLS_CERT, GRPC_TLS_KEY: must be a certificate and its key', () => createSecureContext(pair));
  const authorities = GRPC_TLS_CLIENT_CA ?? null;
  if (authorities !== null) check('GRPC_TLS_CLIENT_CA: must be certificates', () => new X509Certificate(authorities));
  const chains = [{ cert_chain: pair.cert, private_key: pair.key }];
  const mutual = authorities !== null;
  return { credentials: ServerCredentials.createSsl(authorities, chains, mutual), tls: mutual ? 'mutual' : 'server' };
}

function check(requirement: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new ConfigurationError([`${requirement} (${(error as Error).message})`]);
  }
}
