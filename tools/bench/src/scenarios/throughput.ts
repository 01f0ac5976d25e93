import type { CreateWebhook } from '@postduif/contracts';
import type { EventShape } from '../load/event-text.js';
import { cpuBetween } from '../measuring/resource-monitor.js';
import type { Findings } from '../results/result.js';
import { LOAD_CONNECTIONS } from '../system/system.js';
import type { LoadOptions, System } from '../system/system.js';
import type { Bench, Scenario } from './scenario.js';
import { START_STOP_SECONDS } from './scenario.js';
import { cpuTable, memoryTable } from './usage-tables.js';
import type { Usage } from './usage-tables.js';

interface Case {
  readonly name: string;
  readonly key: string;
  readonly shape: EventShape;
  readonly format: NonNullable<CreateWebhook['format']>;
  readonly webhooks: number;
  readonly way: NonNullable<LoadOptions['way']>;
  /** Deliveries a second. */
  readonly goal: number;
}

const OWN_TYPE = { type: 'bench.throughput' };
const CASES: readonly Case[] = [
  { name: 'HMAC', key: 'hmac', shape: OWN_TYPE, format: 'json', webhooks: 1, way: 'http', goal: 5_000 },
  { name: 'RSA', key: 'rsa', shape: { type: 'click' }, format: 'form', webhooks: 1, way: 'http', goal: 2_500 },
  { name: 'one to ten', key: 'ten', shape: OWN_TYPE, format: 'json', webhooks: 10, way: 'http', goal: 10_000 },
  { name: 'topic', key: 'topic', shape: OWN_TYPE, format: 'json', webhooks: 1, way: 'topic', goal: 5_000 },
];
/** Requests in flight that each webhook allows: the most there are, as the webhook is not to be the limit. */
const CONCURRENCY = 200;
const PATIENCE_MS = 300_000;
/** The broker compiles what it often does, but only after some time. */
const WARM_UP_DELIVERIES = 90_000;

interface Outcome extends Usage {
  readonly goal: number;
  readonly events: number;
  readonly perSecond: number;
  readonly acceptedAfter: number;
  readonly deliveredAfter: number;
  readonly storedAfter: number;
  readonly diverted: number;
  readonly repeats: number;
  readonly missing: number;
  readonly verified: number;
}

export const throughput: Scenario = {
  name: 'throughput',
  title: `Throughput: events of 512 bytes, one HTTP request each over ${LOAD_CONNECTIONS} connections, as fast as they are accepted`,
  seconds: (short) => CASES.length * (START_STOP_SECONDS + (short ? 5 : 70)),
  async run(bench) {
    const outcomes: Outcome[] = [];
    for (const one of CASES) {
      bench.say(`throughput: ${one.name}`);
      outcomes.push(await bench.withSystem(one.key, (system) => measure(one, system, bench)));
    }
    return findings(outcomes);
  },
};

async function measure(one: Case, system: System, { short }: Bench): Promise<Outcome> {
  const receivers = await system.openReceivers(one.webhooks);
  const { shape, format, way } = one;
  const properties = { trigger: shape.type, format, concurrency: CONCURRENCY };
  await system.createWebhooks(receivers.map((receiver) => ({ receiver, ...properties })));
  const routes = [{ shape, receivers }];
  await system.warmUp({ routes, count: (short ? 300 : WARM_UP_DELIVERIES) / one.webhooks, way });
  const before = { stored: await system.attemptsStored(), diverted: await system.diversions() };
  const begin = await system.monitor.look();
  system.monitor.newPeaks();

  const events = short ? 1_000 : 20_000;
  const load = await system.begin({ routes, count: events, way });
  await load.arrived(PATIENCE_MS);
  const sent = await load.sent;
  const deliveries = events * one.webhooks;
  const stored = await system.stored(before.stored + deliveries);
  const cpu = cpuBetween(begin, await system.monitor.look());

  const first = sent.begun[0] ?? NaN;
  const seconds = (at: number): number => (at - first) / 1_000;
  return {
    name: one.name,
    goal: one.goal,
    events,
    deliveries,
    cpu,
    peaks: new Map(system.monitor.peaks),
    acceptedAfter: seconds(Math.max(...sent.accepted)),
    deliveredAfter: seconds(load.deliveries.lastArrival),
    perSecond: deliveries / seconds(load.deliveries.lastArrival),
    storedAfter: seconds(stored),
    diverted: (await system.diversions()) - before.diverted,
    repeats: load.deliveries.repeats,
    missing: load.deliveries.missing(),
    verified: await system.verifySignatures(),
  };
}

function findings(outcomes: readonly Outcome[]): Findings {
  const rows = outcomes.map((outcome) => [
    outcome.name,
    outcome.events,
    outcome.deliveries,
    outcome.acceptedAfter,
    outcome.deliveredAfter,
    outcome.storedAfter,
    outcome.perSecond,
    outcome.goal,
    outcome.diverted,
    outcome.repeats,
    outcome.verified,
  ]);
  return {
    tables: [
      {
        title: 'From the first publish to the last delivery',
        columns: [
          { name: 'case' },
          { name: 'events' },
          { name: 'deliveries' },
          { name: 'all accepted', unit: 's', digits: 1 },
          { name: 'all delivered', unit: 's', digits: 1 },
          { name: 'all in history', unit: 's', digits: 1 },
          { name: 'deliveries/s' },
          { name: 'goal' },
          { name: 'diverted' },
          { name: 'repeats' },
          { name: 'signatures verified' },
        ],
        rows,
      },
      cpuTable(outcomes),
      memoryTable(outcomes),
    ],
    plots: [
      {
        kind: 'bars',
        title: 'Deliveries a second',
        unit: '/s',
        groups: outcomes.map(({ name }) => name),
        series: [
          { name: 'measured', values: outcomes.map(({ perSecond }) => perSecond) },
          { name: 'goal', values: outcomes.map(({ goal }) => goal) },
        ],
      },
      {
        kind: 'bars',
        title: 'CPU a delivery, by process',
        unit: 'µs',
        groups: outcomes.map(({ name }) => name),
        series: [...new Set(outcomes.flatMap(({ cpu }) => [...cpu.keys()]))].map((name) => ({
          name,
          values: outcomes.map(({ cpu, deliveries }) => (1e6 * (cpu.get(name) ?? 0)) / deliveries),
        })),
      },
    ],
    broken: outcomes
      .filter(({ missing }) => missing > 0)
      .map(({ name, missing }) => `${name}: ${missing} deliveries lost`),
  };
}
