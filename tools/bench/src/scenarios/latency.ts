import { spreadOf } from '../measuring/percentiles.js';
import type { Spread } from '../measuring/percentiles.js';
import { cpuBetween } from '../measuring/resource-monitor.js';
import type { Findings } from '../results/result.js';
import type { System } from '../system/system.js';
import type { Bench, Scenario } from './scenario.js';
import { START_STOP_SECONDS } from './scenario.js';
import { systemCpu } from './usage-tables.js';

const RATES = [100, 500, 1_000, 2_000];
const SECONDS = { long: 30, short: 2 };
const SHAPE = { type: 'bench.latency' };
/** Two minutes: before, compilers and their unfinished work double the percentiles. */
const WARM_UP = { count: 120_000, rate: 1_000 };
const PATIENCE_MS = 120_000;
const GOAL = { p50: 4, p99: 20 };

interface Outcome {
  readonly rate: number;
  /** From the intended moment to the arrival at the receiver. */
  readonly latency: Spread | null;
  /** From the intended moment to the answer of event-ingest. */
  readonly accepted: Spread | null;
  /** From the intended moment to the write of the request: what the load generator adds. */
  readonly late: Spread | null;
  readonly missing: number;
  /** Cores. */
  readonly cpu: number;
}

export const latency: Scenario = {
  name: 'latency',
  title:
    'Latency: from the moment an event was to be sent to its arrival at the receiver (open loop, HMAC, one webhook)',
  seconds: (short) => START_STOP_SECONDS + RATES.length * (short ? SECONDS.short : SECONDS.long) + (short ? 5 : 135),
  async run(bench) {
    return bench.withSystem('all', async (system) => findings(await measureAll(system, bench)));
  },
};

async function measureAll(system: System, { short, say }: Bench): Promise<Outcome[]> {
  const receivers = await system.openReceivers(1);
  await system.createWebhooks(receivers.map((receiver) => ({ receiver, trigger: SHAPE.type })));
  const routes = [{ shape: SHAPE, receivers }];
  await system.warmUp({ routes, ...(short ? { count: 300, rate: 500 } : WARM_UP) });
  const outcomes: Outcome[] = [];
  for (const rate of RATES) {
    say(`latency: ${rate} events a second`);
    const seconds = short ? SECONDS.short : SECONDS.long;
    const begin = await system.monitor.look();
    const load = await system.begin({ routes, count: rate * seconds, rate });
    await load.arrived(PATIENCE_MS);
    const { intended, begun, accepted } = await load.sent;
    outcomes.push({
      rate,
      latency: spreadOf(load.deliveries.latencies(await load.sent)),
      accepted: spreadOf(accepted.map((at, index) => at - (intended[index] ?? NaN))),
      late: spreadOf(begun.map((at, index) => at - (intended[index] ?? NaN))),
      missing: load.deliveries.missing(),
      cpu: systemCpu(cpuBetween(begin, await system.monitor.look())) / seconds,
    });
  }
  return outcomes;
}

function findings(outcomes: readonly Outcome[]): Findings {
  const ms = (name: string) => ({ name, unit: 'ms', digits: 1 });
  return {
    tables: [
      {
        title: `Goal at 500/s and 1,000/s: p50 at most ${GOAL.p50} ms, p99 at most ${GOAL.p99} ms`,
        columns: [
          { name: 'events/s' },
          ms('p50'),
          ms('p95'),
          ms('p99'),
          ms('max'),
          ms('202 p50'),
          ms('202 p99'),
          ms('sent late p99'),
          { name: 'CPU', unit: 'cores', digits: 2 },
          { name: 'lost' },
        ],
        rows: outcomes.map(({ rate, latency: found, accepted, late, cpu, missing }) => [
          rate,
          found?.p50 ?? null,
          found?.p95 ?? null,
          found?.p99 ?? null,
          found?.max ?? null,
          accepted?.p50 ?? null,
          accepted?.p99 ?? null,
          late?.p99 ?? null,
          cpu,
          missing,
        ]),
      },
    ],
    plots: [
      {
        kind: 'bars',
        title: 'Latency by rate',
        unit: 'ms',
        groups: outcomes.map(({ rate }) => `${rate.toLocaleString('en-US')}/s`),
        series: (['p50', 'p95', 'p99'] as const).map((name) => ({
          name,
          values: outcomes.map(({ latency: found }) => found?.[name] ?? null),
        })),
        goal: GOAL.p99,
      },
    ],
    broken: outcomes
      .filter(({ missing }) => missing > 0)
      .map(({ rate, missing }) => `${missing} events lost at ${rate}/s`),
  };
}
