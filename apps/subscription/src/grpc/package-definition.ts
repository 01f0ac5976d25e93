import { createRequire } from 'node:module';
import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';

const { resolve } = createRequire(import.meta.url);

const FILES = [
  'postduif/config/v1/access_service.proto',
  'postduif/config/v1/account_service.proto',
  'postduif/config/v1/webhook_service.proto',
  'google/rpc/error_details.proto',
  'google/rpc/status.proto',
];

/**
 * Everything that is served, from the proto files. Messages have the names of the proto files (`page_size`), enums are their
 * names, and 64-bit numbers are numbers.
 */
export const packageDefinition = loadSync(
  [...FILES.map((file) => resolve(`@postduif/contracts/proto/${file}`)), healthProto],
  { keepCase: true, longs: Number, enums: String, defaults: true },
);

export const PACKAGES = ['postduif.config.v1', 'grpc.health.v1'];

/** Full names of the services that are not part of gRPC itself. */
export const SERVICES = Object.keys(packageDefinition).filter((name) => /^postduif\..*Service$/.test(name));

/** The bytes of a message, by the full name of its type. */
export function encode(type: string, message: object): Buffer {
  return (packageDefinition[type] as MessageTypeDefinition<object, object>).serialize(message);
}
