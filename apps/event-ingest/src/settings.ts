import { integer } from '@postduif/service';

/** Settings of event-ingest, beside the common ones. */
export const ingestSettings = {
  /** Largest body of a request, in bytes. */
  MAX_BATCH_BYTES: integer(1_024, 64 * 1024 * 1024).default(8 * 1024 * 1024),
  /** Bytes of all request bodies together that are being read or wait for Kafka. Beyond it: 503 `overloaded`. At least MAX_BATCH_BYTES. */
  MAX_WAITING_BYTES: integer(1_024, 16 * 1024 * 1024 * 1024).default(64 * 1024 * 1024),
  /** Most events in a request. */
  MAX_BATCH_EVENTS: integer(1, 100_000).default(1_000),
  /** Requests that a token, or an address without a valid one, may send to this instance in each second, 1 to 1,000,000. */
  EVENTS_RATE_LIMIT: integer(1, 1_000_000).default(10_000),
  /** Requests that it may send beyond that, within a minute, 1 to 1,000,000. */
  EVENTS_RATE_BURST: integer(1, 1_000_000).default(50_000),
  /** Events a second that one account may send over HTTP to one instance of this service. Default: no limit. */
  MAX_EVENTS_PER_SECOND: integer(1, 1_000_000).optional(),
};
