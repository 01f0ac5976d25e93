import type { EventShape } from '../load/event-text.js';
import type { Sent } from '../load/sent.js';
import { Deliveries } from '../measuring/deliveries.js';
import { until } from '../measuring/until.js';
import type { Arrivals } from '../receiver/arrivals.js';

/** Events of one shape, and who gets them. */
export interface Route {
  readonly shape: EventShape;
  readonly receivers: readonly number[];
}

/** A load on its way through the system. */
export class LiveLoad {
  readonly deliveries: Deliveries;
  #pulled: number;

  constructor(
    /** Resolves when every event was accepted. */
    readonly sent: Promise<Sent>,
    routes: readonly Route[],
    range: { readonly first: number; readonly count: number; readonly arrivedBefore: number },
    private readonly arrivalsSince: (from: number) => Promise<Arrivals>,
  ) {
    this.deliveries = new Deliveries(
      routes.map(({ receivers }) => receivers),
      range.first,
      range.count,
    );
    this.#pulled = range.arrivedBefore;
    // Whoever awaits it is told of the failure; until then it is nobody's fault.
    sent.catch(() => undefined);
  }

  /** Waits until every event is accepted and has arrived, at those receivers. False when that takes too long. */
  async arrived(timeoutMs: number, receives?: (receiver: number) => boolean): Promise<boolean> {
    await this.sent;
    const all = async (): Promise<boolean> => {
      await this.look();
      return this.deliveries.missing(receives) === 0;
    };
    return (await until(all, timeoutMs)) !== undefined;
  }

  /** Takes in what has arrived since the last look; resolves to it. */
  async look(): Promise<Arrivals> {
    const arrivals = await this.arrivalsSince(this.#pulled);
    this.#pulled += arrivals.at.length;
    this.deliveries.add(arrivals);
    return arrivals;
  }
}
