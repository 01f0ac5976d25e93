import { setTimeout as pause } from 'node:timers/promises';
import { SERVICES } from '@postduif/stack';
import type { ServiceName } from '@postduif/stack';
import { now } from '../measuring/clock.js';
import type { Delivered } from '../measuring/deliveries.js';
import { until } from '../measuring/until.js';
import type { Findings } from '../results/result.js';
import type { Route } from '../system/live-load.js';
import type { System } from '../system/system.js';
import type { Bench, Scenario } from './scenario.js';
import { START_STOP_SECONDS } from './scenario.js';

const RATES = [200, 800];
/** Together longer than the half minute after which the supervisor's next pause before a restart is short again. */
const SECONDS = { long: { before: 10, after: 25 }, short: { before: 2, after: 4 } };
const SHAPE = { type: 'bench.crash' };
const PATIENCE_MS = 300_000;
/** An event that arrives later than this after its intended moment shows that the system has not recovered yet. */
const LATE_MS = 250;
const COUNT_EVERY_MS = 1_000;
const GOAL = { duplicates: 0.03, recovery: 5 };

interface Outcome {
  readonly killed: string;
  readonly rate: number;
  readonly missing: number;
  readonly duplicates: number;
  /** Seconds from the kill to the last event that arrived late. */
  readonly recovery: number;
  readonly slowest: number;
  readonly repeatedPosts: number;
  readonly missingInHistory: number;
  /** Seconds from the kill until history had everything. */
  readonly historyAfter: number | null;
}

export const crash: Scenario = {
  name: 'crash',
  title: 'Crash: kill -9 of each service, and of all at once, under load',
  seconds: (short) => {
    const { before, after } = short ? SECONDS.short : SECONDS.long;
    return RATES.length * (START_STOP_SECONDS + 10 + (SERVICES.length + 1) * (before + after + 5));
  },
  async run(bench) {
    const outcomes: Outcome[] = [];
    for (const rate of RATES)
      outcomes.push(...(await bench.withSystem(String(rate), (system) => measureAll(rate, system, bench))));
    return findings(outcomes);
  },
};

async function measureAll(rate: number, system: System, bench: Bench): Promise<Outcome[]> {
  const receivers = await system.openReceivers(1);
  await system.createWebhooks(receivers.map((receiver) => ({ receiver, trigger: SHAPE.type })));
  const routes = [{ shape: SHAPE, receivers }];
  await system.warmUp({ routes, count: bench.short ? 300 : 3_000, rate });
  const outcomes: Outcome[] = [];
  for (const victims of [...SERVICES.map((name) => [name]), SERVICES]) {
    bench.say(`crash: ${nameOf(victims)} at ${rate} events a second`);
    outcomes.push(await measure(victims, rate, routes, system, bench));
  }
  return outcomes;
}

async function measure(
  victims: readonly ServiceName[],
  rate: number,
  routes: readonly Route[],
  system: System,
  { short }: Bench,
): Promise<Outcome> {
  const { before, after } = short ? SECONDS.short : SECONDS.long;
  const events = rate * (before + after);
  const stored = await system.history.count();
  const load = await system.begin({ routes, count: events, rate });
  await pause(before * 1_000);
  const killedAt = now();
  for (const victim of victims) system.stack.kill(victim);
  const sent = await load.sent;
  await load.arrived(PATIENCE_MS);
  await Promise.all(victims.map((victim) => system.stack.ready(victim)));
  const isComplete = async (): Promise<boolean> => {
    const count = await system.history.count();
    return count.events >= stored.events + events && count.delivered >= stored.delivered + events;
  };
  const complete = await until(isComplete, PATIENCE_MS, COUNT_EVERY_MS);
  // What was sent twice may still be under way.
  await load.look();
  const { events: eventsStored } = await system.history.count();
  const delivered = load.deliveries.delivered(sent);
  return {
    killed: nameOf(victims),
    rate,
    missing: load.deliveries.missing(),
    duplicates: load.deliveries.repeats,
    recovery: recoveryOf(delivered, killedAt),
    slowest: delivered.reduce((most, { intended, at }) => Math.max(most, at - intended), 0) / 1_000,
    repeatedPosts: sent.repeated,
    missingInHistory: stored.events + events - eventsStored,
    historyAfter: complete === undefined ? null : (complete - killedAt) / 1_000,
  };
}

function nameOf(victims: readonly ServiceName[]): string {
  return victims.length === 1 ? (victims[0] ?? '') : 'all at once';
}

function recoveryOf(delivered: readonly Delivered[], killedAt: number): number {
  const late = delivered.filter(({ intended, at }) => at > killedAt && at - intended > LATE_MS);
  return late.reduce((last, { at }) => Math.max(last, (at - killedAt) / 1_000), 0);
}

function findings(outcomes: readonly Outcome[]): Findings {
  const kills = [...new Set(outcomes.map(({ killed }) => killed))];
  return {
    tables: [
      {
        title:
          `Recovered: seconds from the kill to the last event that arrived more than ${LATE_MS} ms after its moment ` +
          `(goals: lost 0, duplicates under ${100 * GOAL.duplicates} % of a second's events, recovered within ${GOAL.recovery} s)`,
        columns: [
          { name: 'killed' },
          { name: 'events/s' },
          { name: 'lost' },
          { name: 'duplicates' },
          { name: 'duplicates', unit: '% of a second', digits: 1 },
          { name: 'recovered', unit: 's', digits: 1 },
          { name: 'slowest event', unit: 's', digits: 2 },
          { name: 'posts repeated' },
          { name: 'history complete', unit: 's', digits: 0 },
          { name: 'missing in history' },
        ],
        rows: outcomes.map((outcome) => [
          outcome.killed,
          outcome.rate,
          outcome.missing,
          outcome.duplicates,
          (100 * outcome.duplicates) / outcome.rate,
          outcome.recovery,
          outcome.slowest,
          outcome.repeatedPosts,
          outcome.historyAfter,
          outcome.missingInHistory,
        ]),
      },
    ],
    plots: [
      {
        kind: 'bars',
        title: 'Seconds until no event is late any more',
        unit: 's',
        groups: kills,
        series: RATES.map((rate) => ({
          name: `${rate}/s`,
          values: kills.map(
            (killed) => outcomes.find((one) => one.killed === killed && one.rate === rate)?.recovery ?? null,
          ),
        })),
        goal: GOAL.recovery,
      },
    ],
    broken: outcomes
      .filter(({ missing, missingInHistory }) => missing > 0 || missingInHistory > 0)
      .map(({ killed, rate, missing, missingInHistory }) => {
        return `${killed} killed at ${rate}/s: ${missing} events lost, ${missingInHistory} missing in history`;
      }),
  };
}
