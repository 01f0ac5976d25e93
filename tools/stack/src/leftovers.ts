import { setTimeout as delay } from 'node:timers/promises';
import { kafkaMarker } from './embedded-kafka.js';
import { postgresMarkers } from './embedded-postgres.js';
import type { Home } from './home.js';
import { commandLine, signalProcess } from './process-table.js';
import { SERVICES, serviceScript } from './services.js';

/** A process that an earlier run of the same home has left behind. */
export interface Leftover {
  readonly name: string;
  readonly pid: number;
}

type Markers = Readonly<Record<string, readonly string[]>>;

const GRACE_MS = 10_000;
const POLL_MS = 50;

/** What is in the command lines of the processes of a home. */
export function stackMarkers(home: Home): Markers {
  return {
    ...Object.fromEntries(SERVICES.map((name) => [name, [serviceScript(name)]])),
    kafka: [kafkaMarker(home.kafka)],
    postgres: postgresMarkers(home.postgres),
  };
}

/**
 * Ends what a supervisor that was killed has left running, services first, the stores last. A process id that another program has
 * got meanwhile is left alone: the command line tells.
 */
export async function stopLeftovers(
  home: Home,
  markers: Markers = stackMarkers(home),
  graceMs = GRACE_MS,
): Promise<Leftover[]> {
  const found = await leftovers(home, markers);
  const stages = [
    found.filter(({ name }) => name !== 'kafka' && name !== 'postgres'),
    found.filter(({ name }) => name === 'kafka'),
    found.filter(({ name }) => name === 'postgres'),
  ];
  for (const stage of stages) await Promise.all(stage.map((leftover) => stopLeftover(leftover, markers, graceMs)));
  return found;
}

async function leftovers(home: Home, markers: Markers): Promise<Leftover[]> {
  const listed = Object.entries(home.processes()).map(([name, pid]) => ({ name, pid }));
  const ours = await Promise.all(listed.map((leftover) => isOurs(leftover, markers)));
  return listed.filter((_, index) => ours[index]);
}

async function isOurs({ name, pid }: Leftover, markers: Markers): Promise<boolean> {
  const command = await commandLine(pid);
  return command !== undefined && (markers[name] ?? []).some((marker) => `${command} `.includes(marker));
}

async function stopLeftover(leftover: Leftover, markers: Markers, graceMs: number): Promise<void> {
  signalProcess(leftover.pid, leftover.name === 'postgres' ? 'SIGINT' : 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (await isOurs(leftover, markers)) {
    if (Date.now() > deadline) signalProcess(leftover.pid, 'SIGKILL');
    await delay(POLL_MS);
  }
}
