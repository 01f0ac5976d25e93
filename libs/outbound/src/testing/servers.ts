import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';

/** A server on a free port of 127.0.0.1. */
export interface LocalServer {
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

export type Certificate = 'valid' | 'expired' | 'other-host' | 'self-signed';

const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');

export const testAuthority = fixture('authority.crt');

/** @param keepAliveTimeout milliseconds, told to the client in `Keep-Alive`; 0 is for ever, and not told */
export function httpServer(listener: RequestListener, keepAliveTimeout = 0): Promise<LocalServer> {
  return listen(createHttpServer({ keepAliveTimeout }, listener));
}

export function httpsServer(
  certificate: Certificate,
  listener: RequestListener,
  options: { maxVersion?: 'TLSv1.1' | 'TLSv1.2' } = {},
): Promise<LocalServer> {
  const pair = { cert: fixture(`${certificate}.crt`), key: fixture(`${certificate}.key`) };
  // OpenSSL offers the old versions only below security level 1.
  const old = options.maxVersion === 'TLSv1.1' ? ({ minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const) : {};
  return listen(createHttpsServer({ ...pair, ...options, ...old }, listener));
}

/** A server that speaks bytes. */
export function tcpServer(onConnection: (socket: Socket) => void): Promise<LocalServer> {
  return listen(createTcpServer(onConnection));
}

/** A server that takes what comes and says nothing. */
export function silentServer(): Promise<LocalServer> {
  return tcpServer((socket) => socket.resume());
}

/** A server that answers every request that is there with these bytes, and keeps the connection. */
export function answering(bytes: string): Promise<LocalServer> {
  return tcpServer((socket) => {
    socket.on('data', () => socket.write(bytes, 'latin1'));
  });
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = await tcpServer(() => undefined);
  await server.stop();
  return server.port;
}

async function listen(server: Server): Promise<LocalServer> {
  const open = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Clients of these tests break off; that is no error of the server.
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    open,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
