import { spreadOf } from '../measuring/percentiles.js';
import type { Spread } from '../measuring/percentiles.js';
import type { Behaviour } from '../receiver/receiver.js';
import type { Findings } from '../results/result.js';
import type { System } from '../system/system.js';
import type { Bench, Scenario } from './scenario.js';
import { START_STOP_SECONDS } from './scenario.js';
import { TEN, tenReceivers } from './ten-receivers.js';

interface Case {
  readonly name: string;
  readonly key: string;
  /** What the first receivers do. */
  readonly bad: readonly Behaviour[];
}

const CASES: readonly Case[] = [
  { name: 'none bad', key: 'none', bad: [] },
  { name: 'one hangs', key: 'hang', bad: ['hang'] },
  { name: 'one answers after 5 s', key: 'slow', bad: ['slow'] },
  { name: 'one resets', key: 'reset', bad: ['reset'] },
  { name: 'one answers 500', key: 'fail', bad: ['fail'] },
  { name: 'one trickles', key: 'trickle', bad: ['trickle'] },
  { name: 'five bad, one of each', key: 'five', bad: ['hang', 'slow', 'reset', 'fail', 'trickle'] },
];
const RATE = 200;
/** Longer than the deadline of a request, so that hanging ones end within the run. */
const SECONDS = { long: 60, short: 3 };
const PATIENCE_MS = 60_000;
const GOAL_RATIO = 1.5;

interface Outcome {
  readonly name: string;
  readonly bad: number;
  /** Of the same receivers in the same system, while all were well. */
  readonly before: Spread | null;
  readonly latency: Spread | null;
  /** A second, at the bad receivers. */
  readonly badRequests: number;
  readonly diverted: number;
  readonly missing: number;
}

export const isolation: Scenario = {
  name: 'isolation',
  title: `Isolation: ten webhooks at ${RATE} events a second in all; latency of those whose receivers are well`,
  seconds: (short) =>
    CASES.length * (START_STOP_SECONDS + (short ? 4 : 40) + 2 * (short ? SECONDS.short : SECONDS.long)),
  async run(bench) {
    const outcomes: Outcome[] = [];
    for (const one of CASES) {
      bench.say(`isolation: ${one.name}`);
      outcomes.push(await bench.withSystem(one.key, (system) => measure(one, system, bench)));
    }
    return findings(outcomes);
  },
};

async function measure({ name, bad }: Case, system: System, { short }: Bench): Promise<Outcome> {
  const routes = await tenReceivers(system, short);
  const seconds = short ? SECONDS.short : SECONDS.long;
  const well = (receiver: number): boolean => receiver >= bad.length;
  const period = async () => {
    const load = await system.begin({ routes, count: RATE * seconds, rate: RATE });
    const sent = await load.sent;
    const { receiver } = await load.look();
    await load.arrived(PATIENCE_MS, well);
    return {
      latency: spreadOf(load.deliveries.latencies(sent, { receives: well })),
      badRequests: receiver.filter((number) => !well(number)).length / seconds,
      missing: load.deliveries.missing(well),
    };
  };
  const before = await period();
  const divertedBefore = await system.diversions();
  for (const [receiver, behaviour] of bad.entries()) await system.receivers.ask('behave', { receiver, behaviour });
  const during = await period();
  return {
    ...during,
    name,
    bad: bad.length,
    before: before.latency,
    diverted: (await system.diversions()) - divertedBefore,
    missing: before.missing + during.missing,
  };
}

function findings(outcomes: readonly Outcome[]): Findings {
  const ratio = ({ before, latency }: Outcome, of: 'p50' | 'p95' | 'p99'): number | null =>
    before && latency && latency[of] / before[of];
  const ms = (name: string) => ({ name, unit: 'ms', digits: 1 });
  return {
    tables: [
      {
        title: `The receivers that are well; ratios to the minute before, when all were, goal for p99 at most ${GOAL_RATIO}`,
        columns: [
          { name: 'case' },
          { name: 'well' },
          ms('p50 before'),
          ms('p99 before'),
          ms('p50'),
          ms('p95'),
          ms('p99'),
          ms('max'),
          { name: 'p50 ratio', digits: 2 },
          { name: 'p99 ratio', digits: 2 },
          { name: 'lost' },
          { name: 'requests to the bad', unit: '/s', digits: 1 },
          { name: 'diverted' },
        ],
        rows: outcomes.map((outcome) => [
          outcome.name,
          TEN - outcome.bad,
          outcome.before?.p50 ?? null,
          outcome.before?.p99 ?? null,
          outcome.latency?.p50 ?? null,
          outcome.latency?.p95 ?? null,
          outcome.latency?.p99 ?? null,
          outcome.latency?.max ?? null,
          ratio(outcome, 'p50'),
          ratio(outcome, 'p99'),
          outcome.missing,
          outcome.badRequests,
          outcome.diverted,
        ]),
      },
    ],
    plots: [
      {
        kind: 'bars',
        title: 'Latency of the receivers that are well, as a ratio of the minute before',
        unit: '×',
        groups: outcomes.map(({ name }) => name),
        series: (['p50', 'p95', 'p99'] as const).map((name) => ({
          name,
          values: outcomes.map((outcome) => ratio(outcome, name)),
        })),
        goal: GOAL_RATIO,
      },
    ],
    broken: outcomes.filter(({ missing }) => missing > 0).map(({ name, missing }) => `${name}: ${missing} events lost`),
  };
}
