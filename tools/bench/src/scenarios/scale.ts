import type { ServiceName } from '@postduif/stack';
import type { EventShape } from '../load/event-text.js';
import { now } from '../measuring/clock.js';
import { cpuBetween } from '../measuring/resource-monitor.js';
import { mustBe } from '../measuring/until.js';
import type { Findings, Table } from '../results/result.js';
import type { System } from '../system/system.js';
import type { Bench, Scenario } from './scenario.js';
import { START_STOP_SECONDS } from './scenario.js';
import { cpuTable } from './usage-tables.js';
import type { Usage } from './usage-tables.js';

const SIZES = { long: [10, 1_000, 100_000], short: [10, 100] };
/** Half of the webhooks have a type of their own; the other half share this one and differ by database. */
const CROWD = 'bench.crowd';
const MATCHED_EVENTS = { long: 500, short: 50 };
const RATE = 100;
const PATIENCE_MS = 300_000;
const MIB = 1024 ** 2;
const RESTARTED = ['fan-out', 'delivery'] as const;

interface SizeOutcome {
  readonly webhooks: number;
  readonly createdPerSecond: number;
  /** Microseconds to read, match and render an event whose type one webhook has. */
  readonly alone: number;
  /** The same of the type that half of the webhooks have. */
  readonly crowded: number;
  /** Seconds from the new process to its readiness. */
  readonly startUp: ReadonlyMap<ServiceName, number>;
  /** Bytes, after the start. */
  readonly memory: ReadonlyMap<string, number>;
  readonly missing: number;
}

interface DrainOutcome extends Usage {
  readonly seconds: number;
  readonly missing: number;
}

export const scale: Scenario = {
  name: 'scale',
  title: 'Scale: 10 to 100,000 webhooks, and two delivery processes against one',
  seconds: (short) => 5 * (START_STOP_SECONDS + 20) + (short ? 0 : 300),
  async run(bench) {
    const sizes: SizeOutcome[] = [];
    for (const size of bench.short ? SIZES.short : SIZES.long) {
      bench.say(`scale: ${size.toLocaleString('en-US')} webhooks`);
      sizes.push(await bench.withSystem(String(size), (system) => measureSize(size, system, bench)));
    }
    const drains: DrainOutcome[] = [];
    for (const processes of [1, 2]) {
      bench.say(`scale: ${processes} delivery process${processes > 1 ? 'es' : ''}`);
      drains.push(await bench.withSystem(`delivery${processes}`, (system) => measureDrain(processes, system, bench)));
    }
    return findings(sizes, drains);
  },
};

async function measureSize(size: number, system: System, { short }: Bench): Promise<SizeOutcome> {
  const [receiver = 0] = await system.openReceivers(1);
  const began = now();
  await system.createWebhooks(
    Array.from({ length: size }, (_, index) =>
      index % 2 === 0 ? { receiver, trigger: `bench.alone${index}` } : { receiver, trigger: CROWD, database: index },
    ),
  );
  const createdPerSecond = (1_000 * size) / (now() - began);
  await system.warmUp({ routes: [{ shape: { type: 'bench.alone0' }, receivers: [receiver] }], count: 300, rate: RATE });
  const events = short ? MATCHED_EVENTS.short : MATCHED_EVENTS.long;
  const alone = await measureMatching(system, { type: 'bench.alone0' }, receiver, events);
  const crowded = await measureMatching(system, { type: CROWD, database: 1 }, receiver, events);
  const startUp = new Map<ServiceName, number>();
  for (const name of RESTARTED) startUp.set(name, await measureStart(system, name));
  const { memory } = await system.monitor.look();
  return {
    webhooks: size,
    createdPerSecond,
    alone: alone.microseconds,
    crowded: crowded.microseconds,
    startUp,
    memory,
    missing: alone.missing + crowded.missing,
  };
}

async function measureMatching(
  system: System,
  shape: EventShape,
  receiver: number,
  events: number,
): Promise<{ readonly microseconds: number; readonly missing: number }> {
  const metric = (part: 'sum' | 'count'): Promise<number> =>
    system.metric('fan-out', `postduif_fan_out_dispatch_seconds_${part}`);
  const before = { sum: await metric('sum'), count: await metric('count') };
  const load = await system.begin({ routes: [{ shape, receivers: [receiver] }], count: events, rate: RATE });
  await load.arrived(PATIENCE_MS);
  const microseconds = (1e6 * ((await metric('sum')) - before.sum)) / ((await metric('count')) - before.count);
  return { microseconds, missing: load.deliveries.missing() };
}

/** Seconds from the process that follows a kill to its readiness. */
async function measureStart(system: System, name: ServiceName): Promise<number> {
  const killed = system.stack.kill(name);
  const pid = (): number | undefined => system.stack.pids()[name];
  const started = await mustBe(`${name} is started again`, PATIENCE_MS, () => pid() !== undefined && pid() !== killed);
  const url = `${system.stack.urls[name]}/ready`;
  const ready = await mustBe(`${name} is ready`, PATIENCE_MS, () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return (ready - started) / 1_000;
}

/**
 * A backlog of deliveries to ten webhooks that nothing but delivery has to work on: events gather while fan-out is held, which then
 * writes ten deliveries each, far faster than they can be sent.
 */
async function measureDrain(processes: number, system: System, { short }: Bench): Promise<DrainOutcome> {
  const receivers = await system.openReceivers(10);
  const shape = { type: 'bench.drain' };
  await system.createWebhooks(receivers.map((receiver) => ({ receiver, trigger: shape.type, concurrency: 200 })));
  const routes = [{ shape, receivers }];
  if (processes === 2) await system.addDelivery();
  await system.warmUp({ routes, count: short ? 30 : 1_000 });
  system.stack.hold('fan-out');
  system.stack.kill('fan-out');
  const events = short ? 100 : 4_000;
  const load = await system.begin({ routes, count: events });
  await load.sent;
  const begin = await system.monitor.look();
  system.monitor.newPeaks();
  system.stack.release('fan-out');
  await load.arrived(PATIENCE_MS);
  const { firstArrival, lastArrival } = load.deliveries;
  return {
    name: processes === 1 ? 'one process' : `${processes} processes`,
    cpu: cpuBetween(begin, await system.monitor.look()),
    peaks: new Map(system.monitor.peaks),
    deliveries: events * receivers.length,
    seconds: (lastArrival - firstArrival) / 1_000,
    missing: load.deliveries.missing(),
  };
}

function findings(sizes: readonly SizeOutcome[], drains: readonly DrainOutcome[]): Findings {
  const groups = sizes.map(({ webhooks }) => webhooks.toLocaleString('en-US'));
  const missing = [...sizes, ...drains].reduce((sum, one) => sum + one.missing, 0);
  return {
    tables: [sizeTable(sizes), drainTable(drains), cpuTable(drains)],
    plots: [
      {
        kind: 'bars',
        title: 'Memory by number of webhooks',
        unit: 'MiB',
        groups,
        series: RESTARTED.map((name) => ({
          name,
          values: sizes.map(({ memory }) => (memory.get(name) ?? 0) / MIB),
        })),
      },
      {
        kind: 'bars',
        title: 'Start-up by number of webhooks',
        unit: 's',
        groups,
        series: RESTARTED.map((name) => ({ name, values: sizes.map(({ startUp }) => startUp.get(name) ?? null) })),
      },
    ],
    broken: missing > 0 ? [`${missing} deliveries lost`] : [],
  };
}

function sizeTable(sizes: readonly SizeOutcome[]): Table {
  return {
    title: `Half of the webhooks have a type of their own, half share one and differ by database. Matching: reading, matching and rendering one event for one webhook`,
    columns: [
      { name: 'webhooks' },
      { name: 'created', unit: '/s' },
      { name: 'matching, own type', unit: 'µs' },
      { name: 'matching, shared type', unit: 'µs' },
      ...RESTARTED.map((name) => ({ name: `${name} starts`, unit: 's', digits: 1 })),
      ...RESTARTED.map((name) => ({ name, unit: 'MiB' })),
    ],
    rows: sizes.map(({ webhooks, createdPerSecond, alone, crowded, startUp, memory }) => [
      webhooks,
      createdPerSecond,
      alone,
      crowded,
      ...RESTARTED.map((name) => startUp.get(name) ?? null),
      ...RESTARTED.map((name) => (memory.get(name) ?? 0) / MIB),
    ]),
  };
}

function drainTable(drains: readonly DrainOutcome[]): Table {
  return {
    title: 'A backlog for ten webhooks, from the first delivery to the last',
    columns: [{ name: 'delivery' }, { name: 'deliveries' }, { name: 'seconds', digits: 1 }, { name: 'deliveries/s' }],
    rows: drains.map(({ name, deliveries, seconds }) => [name, deliveries, seconds, deliveries / seconds]),
  };
}
