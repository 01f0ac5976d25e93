import { setTimeout as pause } from 'node:timers/promises';
import { now } from '../measuring/clock.js';
import { spreadOf } from '../measuring/percentiles.js';
import type { Spread } from '../measuring/percentiles.js';
import { cpuBetween } from '../measuring/resource-monitor.js';
import type { Findings, Table } from '../results/result.js';
import { OWN_PROCESSES } from '../system/system.js';
import type { System } from '../system/system.js';
import type { Bench, Scenario } from './scenario.js';
import { START_STOP_SECONDS } from './scenario.js';
import { systemCpu } from './usage-tables.js';
import { tenReceivers } from './ten-receivers.js';

const RATE = 1_000;
/** With none bad: what is remembered for ten minutes has filled up, and code is compiled. */
const BEFORE = 12;
const PERIODS = BEFORE + 10;
const SECONDS = { long: { period: 60, patience: 900 }, short: { period: 1, patience: 120 } };
/** The receiver that hangs for the last ten periods of the load. */
const BAD = 0;
const MIB = 1024 ** 2;

interface Period {
  /** Since the start, in minutes; of a short run too. */
  readonly endsAt: number;
  readonly latency: Spread | null;
  /** Bytes by process, at the end of the period. */
  readonly memory: ReadonlyMap<string, number>;
  /** Cores. */
  readonly cpu: number;
}

interface Outcome {
  readonly periods: readonly Period[];
  readonly lostByTheWell: number;
  /** Seconds from the return of the bad receiver until it had all; null when it had not in the end. */
  readonly drained: number | null;
  readonly lostByTheBad: number;
  readonly repeats: number;
}

export const soak: Scenario = {
  name: 'soak',
  title: `Soak: ${RATE.toLocaleString('en-US')} events a second to ten webhooks, for twelve minutes with none bad, and for ten while one receiver hangs, which then answers again`,
  seconds: (short) =>
    START_STOP_SECONDS + 10 + PERIODS * (short ? SECONDS.short : SECONDS.long).period + (short ? 60 : 400),
  async run(bench) {
    return findings(await bench.withSystem('all', (system) => measure(system, bench)));
  },
};

async function measure(system: System, { short, say }: Bench): Promise<Outcome> {
  const { period, patience } = short ? SECONDS.short : SECONDS.long;
  const routes = await tenReceivers(system, short);
  const start = now();
  const load = await system.begin({ routes, count: RATE * PERIODS * period, rate: RATE });
  const looks = [];
  for (let minute = 0; minute < PERIODS; minute += 1) {
    if (minute === BEFORE) await system.receivers.ask('behave', { receiver: BAD, behaviour: 'hang' });
    const before = await system.monitor.look();
    await pause(Math.max(0, start + (minute + 1) * period * 1_000 - now()));
    const after = await system.monitor.look();
    looks.push({ memory: after.memory, cpu: systemCpu(cpuBetween(before, after)) / period });
    say(`soak: ${minute + 1} of ${PERIODS}`);
  }
  const well = (receiver: number): boolean => receiver !== BAD;
  const sent = await load.sent;
  await load.arrived(patience * 1_000, well);
  const lostByTheWell = load.deliveries.missing(well);

  await system.receivers.ask('behave', { receiver: BAD, behaviour: 'good' });
  const goodAgain = now();
  say('soak: the receiver answers again');
  const all = await load.arrived(patience * 1_000);
  return {
    periods: looks.map((look, index) => ({
      ...look,
      endsAt: ((index + 1) * period) / 60,
      latency: spreadOf(
        load.deliveries.latencies(sent, {
          receives: well,
          from: start + index * period * 1_000,
          to: start + (index + 1) * period * 1_000,
        }),
      ),
    })),
    lostByTheWell,
    drained: all ? (load.deliveries.lastArrival - goodAgain) / 1_000 : null,
    lostByTheBad: load.deliveries.missing((receiver) => !well(receiver)),
    repeats: load.deliveries.repeats,
  };
}

function findings(outcome: Outcome): Findings {
  const { periods, lostByTheWell, lostByTheBad } = outcome;
  const names = processesOf(periods);
  return {
    tables: [periodTable(periods), endTable(outcome)],
    plots: [
      {
        kind: 'lines',
        title: 'Latency of the nine receivers that are well',
        unit: 'ms',
        along: 'minute',
        series: (['p50', 'p95', 'p99'] as const).map((name) => ({
          name,
          points: periods.map(({ endsAt, latency }) => [endsAt, latency?.[name] ?? 0]),
        })),
      },
      {
        kind: 'lines',
        title: 'Memory',
        unit: 'MiB',
        along: 'minute',
        series: names.map((name) => ({
          name,
          points: periods.map(({ endsAt, memory }) => [endsAt, (memory.get(name) ?? 0) / MIB]),
        })),
      },
    ],
    broken: [
      ...(lostByTheWell > 0 ? [`${lostByTheWell} events lost by receivers that were well`] : []),
      ...(lostByTheBad > 0 ? [`${lostByTheBad} events had not arrived at the receiver that hung, in the end`] : []),
    ],
  };
}

function periodTable(periods: readonly Period[]): Table {
  const names = processesOf(periods);
  const ms = (name: string) => ({ name, unit: 'ms', digits: 1 });
  return {
    title: 'Latency of the nine receivers that are well, and memory at the end of each period',
    columns: [
      { name: 'minute', digits: 1 },
      ms('p50'),
      ms('p95'),
      ms('p99'),
      ms('max'),
      { name: 'CPU', unit: 'cores', digits: 2 },
      ...names.map((name) => ({ name, unit: 'MiB' })),
    ],
    rows: periods.map(({ endsAt, latency, cpu, memory }) => [
      endsAt,
      latency?.p50 ?? null,
      latency?.p95 ?? null,
      latency?.p99 ?? null,
      latency?.max ?? null,
      cpu,
      ...names.map((name) => (memory.get(name) ?? 0) / MIB),
    ]),
  };
}

function endTable({ lostByTheWell, lostByTheBad, drained, repeats }: Outcome): Table {
  return {
    title: 'In the end',
    columns: [
      { name: 'lost by the well' },
      { name: 'lost by the one that hung' },
      { name: 'it had all after', unit: 's', digits: 1 },
      { name: 'repeats' },
    ],
    rows: [[lostByTheWell, lostByTheBad, drained, repeats]],
  };
}

function processesOf(periods: readonly Period[]): string[] {
  return [...(periods[0]?.memory.keys() ?? [])].filter((name) => !OWN_PROCESSES.includes(name));
}
