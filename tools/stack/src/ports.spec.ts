import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort, freePorts, isFree, isOpen, PORT_SETTINGS, portsTaken } from './ports.js';
import type { StackPorts } from './ports.js';

describe('ports', () => {
  const servers: Server[] = [];
  const listen = async (host: string): Promise<number> => {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return (server.address() as AddressInfo).port;
  };

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  it.each(['127.0.0.1', '0.0.0.0'])(
    'given one that somebody listens on at %s, then it is open and not free',
    async (host) => {
      const port = await listen(host);

      expect(await isOpen(port)).toBe(true);
      expect(await isFree(port)).toBe(false);
    },
  );

  it('given one that nobody listens on, then it is free, and stays so', async () => {
    const port = await freePort();

    expect(await isOpen(port)).toBe(false);
    expect(await isFree(port)).toBe(true);
    expect(await isFree(port)).toBe(true);
  });

  it('when free ones are chosen, then none twice, and Kafka’s controller has the next of its own', async () => {
    const stacks = [await freePorts(), await freePorts()];

    const all = stacks.flatMap((ports) => portsTaken(ports, Object.keys(ports) as (keyof StackPorts)[]));

    expect(new Set(all.map(({ port }) => port)).size).toBe(20);
    expect(Math.min(...all.map(({ port }) => port))).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...all.map(({ port }) => port))).toBeLessThan(32_768);
  });

  it('when it is told which are taken, then each comes with its setting', () => {
    const ports = Object.fromEntries(
      Object.entries(PORT_SETTINGS).map(([name, { port }]) => [name, port]),
    ) as unknown as StackPorts;

    expect(portsTaken(ports, ['history', 'kafka'])).toEqual([
      { port: 8084, setting: 'POSTDUIF_HISTORY_PORT' },
      { port: 19092, setting: 'POSTDUIF_KAFKA_PORT' },
      { port: 19093, setting: 'POSTDUIF_KAFKA_PORT plus one' },
    ]);
  });
});
