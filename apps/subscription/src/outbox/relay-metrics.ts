import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What Prometheus is told of the relay. */
export class RelayMetrics {
  readonly #leads: Gauge;
  readonly #published: Counter;

  constructor(registry: Registry) {
    this.#leads = new Gauge({
      name: 'postduif_config_relay_leads',
      help: '1 while this instance publishes the configuration.',
      registers: [registry],
    });
    this.#published = new Counter({
      name: 'postduif_config_changes_published_total',
      help: 'Changes of the configuration that were published from the outbox.',
      registers: [registry],
    });
  }

  leads(leads: boolean): void {
    this.#leads.set(leads ? 1 : 0);
  }

  published(count: number): void {
    this.#published.inc(count);
  }
}
