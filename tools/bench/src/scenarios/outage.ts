import { setTimeout as pause } from 'node:timers/promises';
import { now } from '../measuring/clock.js';
import type { Delivered } from '../measuring/deliveries.js';
import { percentile, spreadOf } from '../measuring/percentiles.js';
import type { Spread } from '../measuring/percentiles.js';
import type { Findings, Table } from '../results/result.js';
import type { System } from '../system/system.js';
import type { Bench, Scenario } from './scenario.js';
import { START_STOP_SECONDS } from './scenario.js';
import { perSecond, tenReceivers } from './ten-receivers.js';

const RATE = 200;
const SECONDS = {
  long: { before: 20, down: 120, after: 60, patience: 900 },
  short: { before: 2, down: 5, after: 3, patience: 120 },
};
/** The receiver that goes down. */
const DOWN = 0;
/** A plot of the drain need not show its long tail. */
const PLOTTED_SECONDS = 400;

interface Outcome {
  readonly phases: readonly { readonly name: string; readonly latency: Spread | null }[];
  /** Events for the receiver that were to be sent before it came back, and have arrived since. */
  readonly waiting: number;
  /** Seconds from the return until this part of them had arrived. */
  readonly drained: { readonly half: number; readonly most: number; readonly all: number };
  readonly requests: readonly (readonly [second: number, requests: number])[];
  readonly latencies: readonly (readonly [second: number, p99: number])[];
  readonly missing: number;
  readonly attemptsWhileDown: number;
}

export const outage: Scenario = {
  name: 'outage',
  title: `Outage: one receiver of ten refuses connections for two minutes, at ${RATE} events a second in all`,
  seconds: (short) => {
    const { before, down, after } = short ? SECONDS.short : SECONDS.long;
    // The third attempt of an event comes a minute after the second, the fourth five minutes later.
    return START_STOP_SECONDS + before + down + after + (short ? 30 : 300);
  },
  async run(bench) {
    return findings(await bench.withSystem('all', (system) => measure(system, bench)));
  },
};

async function measure(system: System, { short, say }: Bench): Promise<Outcome> {
  const { before, down, after, patience } = short ? SECONDS.short : SECONDS.long;
  const routes = await tenReceivers(system, short);
  const load = await system.begin({ routes, count: RATE * (before + down + after), rate: RATE });
  const start = now();
  await pause(before * 1_000);
  say('outage: the receiver goes down');
  const downAt = now();
  await system.receivers.ask('close', DOWN);
  await pause(down * 1_000);
  const attemptsWhileDown = await system.metric('delivery', 'postduif_attempts_total', 'outcome="retrying"');
  await system.receivers.ask('reopen', DOWN);
  const upAt = now();
  say('outage: the receiver is back');
  const sent = await load.sent;
  await load.arrived(patience * 1_000);
  const arrivals = await system.receivers.ask('since', 0);

  const well = (receiver: number): boolean => receiver !== DOWN;
  const healthy = load.deliveries.delivered(sent, { receives: well });
  const waited = load.deliveries
    .delivered(sent, { receives: (receiver) => receiver === DOWN, to: upAt })
    .filter(({ at }) => at >= upAt);
  return {
    phases: [
      { name: 'before', latency: latencyOf(healthy, start, downAt) },
      { name: 'while it is down', latency: latencyOf(healthy, downAt, upAt) },
      { name: 'after its return', latency: latencyOf(healthy, upAt, Infinity) },
    ],
    waiting: waited.length,
    drained: drainOf(waited, upAt),
    requests: perSecond(arrivals, upAt, (receiver) => !well(receiver)),
    latencies: everySecond(healthy, start),
    missing: load.deliveries.missing(),
    attemptsWhileDown,
  };
}

function latencyOf(delivered: readonly Delivered[], from: number, to: number): Spread | null {
  return spreadOf(
    delivered.filter(({ intended }) => intended >= from && intended < to).map(({ intended, at }) => at - intended),
  );
}

function drainOf(waited: readonly Delivered[], upAt: number): Outcome['drained'] {
  const seconds = Float64Array.from(waited, ({ at }) => (at - upAt) / 1_000).sort();
  const after = (percent: number): number => (seconds.length === 0 ? 0 : percentile(seconds, percent));
  return { half: after(50), most: after(99), all: after(100) };
}

function everySecond(delivered: readonly Delivered[], start: number): [second: number, p99: number][] {
  const seconds = Map.groupBy(delivered, ({ intended }) => Math.floor((intended - start) / 1_000));
  return [...seconds].map(([second, those]) => [
    second,
    spreadOf(those.map(({ intended, at }) => at - intended))?.p99 ?? 0,
  ]);
}

function findings(outcome: Outcome): Findings {
  const { requests, latencies, missing } = outcome;
  return {
    tables: [healthyTable(outcome), drainTable(outcome)],
    plots: [
      {
        kind: 'lines',
        title: 'p99 of the nine other receivers, by second',
        unit: 'ms',
        along: 's since the start',
        series: [{ name: 'p99', points: latencies.map(([second, p99]) => [second, p99]) }],
      },
      {
        kind: 'lines',
        title: 'Requests a second at the receiver after its return',
        unit: '/s',
        along: 's since its return',
        series: [
          {
            name: 'requests',
            points: requests
              .filter(([second]) => second >= 0 && second <= PLOTTED_SECONDS)
              .map(([second, count]) => [second, count]),
          },
        ],
      },
    ],
    broken: missing > 0 ? [`${missing} events had not arrived in the end`] : [],
  };
}

function healthyTable({ phases }: Outcome): Table {
  const ms = (name: string) => ({ name, unit: 'ms', digits: 1 });
  return {
    title: 'Latency of the nine other receivers',
    columns: [{ name: 'phase' }, ms('p50'), ms('p95'), ms('p99'), ms('max')],
    rows: phases.map(({ name, latency }) => [
      name,
      latency?.p50 ?? null,
      latency?.p95 ?? null,
      latency?.p99 ?? null,
      latency?.max ?? null,
    ]),
  };
}

function drainTable({ waiting, drained, requests, missing, attemptsWhileDown }: Outcome): Table {
  const afterReturn = requests.filter(([second]) => second >= 0).map(([, count]) => count);
  const s = (name: string) => ({ name, unit: 's', digits: 1 });
  return {
    title: 'The receiver that was down',
    columns: [
      { name: 'failed attempts while down' },
      { name: 'waiting at its return' },
      s('half arrived'),
      s('99 % arrived'),
      s('all arrived'),
      { name: 'most requests', unit: '/s' },
      { name: 'lost' },
    ],
    rows: [[attemptsWhileDown, waiting, drained.half, drained.most, drained.all, Math.max(0, ...afterReturn), missing]],
  };
}
