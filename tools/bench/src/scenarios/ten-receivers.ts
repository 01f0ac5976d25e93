import type { LiveLoad, Route } from '../system/live-load.js';
import type { System } from '../system/system.js';

export const TEN = 10;
/** As fast as possible, and then for half a minute as it will be: what is seldom done is compiled late. */
const WARM_UP = { events: 10_000, then: 6_000, rate: 200 };

/** Ten receivers with a webhook each, all warm; events go to them in turn. */
export async function tenReceivers(system: System, short: boolean): Promise<Route[]> {
  const receivers = await system.openReceivers(TEN);
  const typeOf = (receiver: number): string => `bench.receiver${receiver}`;
  await system.createWebhooks(receivers.map((receiver) => ({ receiver, trigger: typeOf(receiver) })));
  const routes = receivers.map((receiver) => ({ shape: { type: typeOf(receiver) }, receivers: [receiver] }));
  await system.warmUp({ routes, count: short ? 200 : WARM_UP.events });
  await system.warmUp({ routes, count: short ? 100 : WARM_UP.then, rate: WARM_UP.rate });
  return routes;
}

/** Requests by whole second since `start`, at the receivers selected. */
export function perSecond(
  { receiver, at }: Awaited<ReturnType<LiveLoad['look']>>,
  start: number,
  receives: (receiver: number) => boolean,
): [second: number, requests: number][] {
  const counts = new Map<number, number>();
  for (const [index, moment] of at.entries()) {
    const second = Math.floor((moment - start) / 1_000);
    if (receives(receiver[index] ?? -1)) counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}
