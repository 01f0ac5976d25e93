import type { ErrorCode } from '@postduif/contracts';
import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** How an event came in. */
export type Way = 'http' | 'topic';

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What event-ingest counts. */
export class IngestMetrics {
  readonly #requests: Counter<'status'>;
  readonly #duration: Histogram;
  readonly #accepted: Counter<'way'>;
  readonly #bytes: Counter<'way'>;
  readonly #refused: Counter<'way' | 'code'>;
  readonly #write: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'postduif_ingest_requests_total',
      help: 'Requests by status',
      labelNames: ['status'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'postduif_ingest_request_seconds',
      help: 'Duration of requests',
      buckets: SECONDS,
      registers,
    });
    this.#accepted = new Counter({
      name: 'postduif_ingest_events_accepted_total',
      help: 'Events that are durable on the topic events',
      labelNames: ['way'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'postduif_ingest_event_bytes_total',
      help: 'Bytes of the events that were accepted, as JSON',
      labelNames: ['way'],
      registers,
    });
    this.#write = new Histogram({
      name: 'postduif_ingest_write_seconds',
      help: 'Time until Kafka has an event that came over HTTP, on all in-sync replicas',
      buckets: SECONDS,
      registers,
    });
    this.#refused = new Counter({
      name: 'postduif_ingest_events_refused_total',
      help: 'Events that were not accepted, by error code',
      labelNames: ['way', 'code'],
      registers,
    });
  }

  request(status: number, seconds: number): void {
    this.#requests.inc({ status: String(status) });
    this.#duration.observe(seconds);
  }

  accepted(way: Way, bytes: number): void {
    this.#accepted.inc({ way });
    this.#bytes.inc({ way }, bytes);
  }

  written(seconds: number): void {
    this.#write.observe(seconds);
  }

  refused(way: Way, code: ErrorCode): void {
    this.#refused.inc({ way, code });
  }
}
