import { Server } from '@grpc/grpc-js';
import type { ServerCredentials } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { ServerGrpc } from '@nestjs/microservices';
import { fileDescriptors } from './file-descriptors.js';
import { packageDefinition, PACKAGES } from './package-definition.js';

/** Bytes of a message that a client may send. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** How long calls that are under way may take once the service stops. */
const GRACE_MS = 1_000;

const LIMITS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  /** Calls at once on one connection. */
  'grpc.max_concurrent_streams': 100,
  // A client that has vanished without a word would hold its streams for ever.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** The service of reflection reads nothing else of a package. */
const reflected = {
  files: { fileDescriptorProtos: fileDescriptors(packageDefinition) },
} as unknown as PackageDefinition;

/** Nest's gRPC transport on a server that we make ourselves: with limits, reflection, and a port that may be any. */
export class GrpcServer extends ServerGrpc {
  /** The port, once it listens. */
  port = 0;
  #server: Server | undefined;

  constructor(private readonly at: { host: string; port: number; credentials: ServerCredentials }) {
    super({ package: PACKAGES, packageDefinition });
  }

  override async createClient(): Promise<Server> {
    const { host, port, credentials } = this.at;
    const server = new Server(LIMITS);
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.port = await new Promise((resolve, reject) => {
      server.bindAsync(address, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    new ReflectionService(reflected).addToServer(server);
    this.#server = server;
    return server;
  }

  /** Lets calls that are under way finish, for a while. */
  override async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, GRACE_MS);
      server.tryShutdown(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }
}
