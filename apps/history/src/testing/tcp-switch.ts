import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { once } from 'node:events';

/**
 * A TCP relay in front of a server, to take the server away and give it back: while off, connections are cut and new ones are refused,
 * as when the server is stopped.
 */
export class TcpSwitch {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(
    private readonly host: string,
    private readonly targetPort: number,
  ) {}

  get port(): number {
    return this.#port;
  }

  async on(): Promise<void> {
    const server = createServer((client) => {
      this.#relay(client);
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async off(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #relay(client: Socket): void {
    const target = connect(this.targetPort, this.host);
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
      // A cut connection is what this is for; both ends are closed then.
      socket.on('error', () => socket.destroy());
    }
    client.pipe(target).pipe(client);
  }
}
