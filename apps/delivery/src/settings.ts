import { z } from 'zod';
import { integer } from '@postduif/service';

/** Settings of the delivery service beside the common ones. */
export const deliverySettings = {
  /** Opens signing keys and secrets: base64 of 32 bytes, several comma separated (the first seals). The same as subscription's. */
  ENCRYPTION_KEY: z.string('set it to base64 of 32 random bytes, the same as for subscription').min(1),
  /** Addresses beside the public ones that requests may reach: CIDR ranges, comma separated. Default none. */
  OUTBOUND_ALLOW: z.string().default(''),
  /** Deadline of a connection, in milliseconds: look-up, TCP and TLS. */
  CONNECT_TIMEOUT_MS: integer(100, 60_000).default(10_000),
  /** Deadline of a whole request, in milliseconds. */
  REQUEST_TIMEOUT_MS: integer(100, 120_000).default(30_000),
  /** Requests in flight over all webhooks. */
  MAX_IN_FLIGHT: integer(1, 50_000).default(5_000),
};
