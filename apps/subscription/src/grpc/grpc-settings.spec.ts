import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '@postduif/service';
import { z } from 'zod';
import { grpcSecurity, grpcSettings } from './grpc-settings.js';

const path = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const settings = z.object(grpcSettings);
const certificate = { GRPC_TLS_CERT: path('server.crt'), GRPC_TLS_KEY: path('server.key') };

function problemOf(given: Record<string, string>): string {
  try {
    grpcSecurity(settings.parse(given));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.join('\n');
    if (error instanceof z.ZodError) return error.issues.map(({ message }) => message).join('\n');
    throw error;
  }
  return 'none';
}

describe('the settings of gRPC', () => {
  it('by default do not serve it', () => {
    expect(settings.parse({}).GRPC_PORT).toBeUndefined();
  });

  it('given nothing, a certificate, or also authorities of clients, then there is no TLS, TLS, or mutual TLS', () => {
    const authorities = { ...certificate, GRPC_TLS_CLIENT_CA: path('authority.crt') };
    expect([{}, certificate, authorities].map((given) => grpcSecurity(settings.parse(given)).tls)).toEqual([
      ...['none', 'server', 'mutual'],
    ]);
  });

  it.each([
    ['a certificate without its key', { GRPC_TLS_CERT: path('server.crt') }, /^GRPC_TLS_CERT, GRPC_TLS_KEY: set both/],
    ['a key without its certificate', { GRPC_TLS_KEY: path('server.key') }, /^GRPC_TLS_CERT, GRPC_TLS_KEY: set both/],
    ['the key of another', { ...certificate, GRPC_TLS_KEY: path('client.key') }, /must be a certificate and its key/],
    [
      'no certificate in the file',
      { ...certificate, GRPC_TLS_CERT: path('server.key') },
      /must be a certificate and its/,
    ],
    ['authorities alone', { GRPC_TLS_CLIENT_CA: path('authority.crt') }, /^GRPC_TLS_CLIENT_CA: needs/],
    ['a key as authority', { ...certificate, GRPC_TLS_CLIENT_CA: path('server.key') }, /^GRPC_TLS_CLIENT_CA: must be/],
    ['a file that is not there', { GRPC_TLS_CERT: path('nothing') }, /^must be the path of a file in PEM/],
  ])('given %s, then it is said before the start, without the key', (_, given, problem) => {
    const said = problemOf(given);
    expect(said).toMatch(problem);
    expect(said).not.toContain(readFileSync(path('server.key'), 'utf8').slice(30, 60));
  });
});
