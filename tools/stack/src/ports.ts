import { connect, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** Every port of a stack. Kafka's controller has `kafka` + 1. */
export interface StackPorts {
  readonly subscription: number;
  readonly 'event-ingest': number;
  readonly 'fan-out': number;
  readonly delivery: number;
  readonly history: number;
  /** Of subscription, beside its HTTP port. */
  readonly grpc: number;
  /** Metrics and health of subscription. */
  readonly management: number;
  readonly kafka: number;
  readonly postgres: number;
}

/** The setting of each port, and its default. */
export const PORT_SETTINGS: Readonly<Record<keyof StackPorts, { readonly setting: string; readonly port: number }>> = {
  subscription: { setting: 'POSTDUIF_API_PORT', port: 8080 },
  'event-ingest': { setting: 'POSTDUIF_INGEST_PORT', port: 8081 },
  'fan-out': { setting: 'POSTDUIF_FANOUT_PORT', port: 8082 },
  delivery: { setting: 'POSTDUIF_DELIVERY_PORT', port: 8083 },
  history: { setting: 'POSTDUIF_HISTORY_PORT', port: 8084 },
  grpc: { setting: 'POSTDUIF_GRPC_PORT', port: 9091 },
  management: { setting: 'POSTDUIF_MANAGEMENT_PORT', port: 8085 },
  kafka: { setting: 'POSTDUIF_KAFKA_PORT', port: 19092 },
  postgres: { setting: 'POSTDUIF_POSTGRES_PORT', port: 15432 },
};

/** A port that something else listens on. */
export interface PortInUse {
  readonly port: number;
  readonly setting: string;
}

/** Which ports the parts of a stack take: one each, Kafka two. */
export function portsTaken(ports: StackPorts, parts: readonly (keyof StackPorts)[]): PortInUse[] {
  return parts.flatMap((part) => {
    const { setting } = PORT_SETTINGS[part];
    const taken = [{ port: ports[part], setting }];
    return part === 'kafka' ? [...taken, { port: ports.kafka + 1, setting: `${setting} plus one` }] : taken;
  });
}

/** Whether nobody listens on a port of the loopback address. Listens there for a moment: not for a port that somebody is about to take. */
export async function isFree(port: number): Promise<boolean> {
  // Somebody may listen on all addresses without being in the way of our bind (macOS): ask both ways.
  return !(await isOpen(port)) && (await canListen(port));
}

/** Whether somebody accepts connections on a port of the loopback address. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    const done = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => {
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
    socket.setTimeout(1_000, () => {
      done(false);
    });
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, LOOPBACK, () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}

/** Below the ranges that systems give to outgoing connections, so that a chosen port stays free until it is used. */
const LEAST = 20_000;
const BLOCK = 100;
const BLOCKS = 120;
/** Processes side by side, such as test workers, choose in different blocks: what one has chosen is not yet in use when another looks. */
let next = LEAST + (process.pid % BLOCKS) * BLOCK;

/** Chooses free ports, `width` next to each other, that this process has not been given before. Returns the first. */
export async function freePort(width = 1): Promise<number> {
  for (;;) {
    const range = Array.from({ length: width }, (_, index) => next + index);
    next += width;
    if (next >= LEAST + BLOCKS * BLOCK) next = LEAST;
    const free = await Promise.all(range.map((port) => isFree(port)));
    if (free.every(Boolean)) return range[0] ?? 0;
  }
}

/** Free ports for a whole stack. */
export async function freePorts(): Promise<StackPorts> {
  return {
    subscription: await freePort(),
    'event-ingest': await freePort(),
    'fan-out': await freePort(),
    delivery: await freePort(),
    history: await freePort(),
    grpc: await freePort(),
    management: await freePort(),
    kafka: await freePort(2),
    postgres: await freePort(),
  };
}
