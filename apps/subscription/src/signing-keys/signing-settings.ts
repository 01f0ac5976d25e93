import { Resolver } from 'node:dns';
import { integer } from '@postduif/service';
import { z } from 'zod';

/** Settings of signing keys and of the look into DNS. */
export const signingSettings = {
  /** Receivers look for public keys under `<selector>._domainkey.<SIGNING_DOMAIN>`. */
  SIGNING_DOMAIN: z
    .string('set it to the domain whose DNS holds the public keys')
    .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a domain name'),
  /**
   * `required`: a key signs only after its record was seen in DNS for `SIGNING_KEY_WAIT_HOURS`; until the first one is,
   * deliveries in the format `form` wait. `off`: keys sign at once and nobody looks; for development, where no DNS holds them.
   */
  SIGNING_DNS_CHECK: z.enum(['required', 'off'], 'must be required or off').default('required'),
  /** After so many days the next key takes over, as soon as it may. */
  SIGNING_ROTATION_DAYS: integer(1, 3_650).default(30),
  /** 0 lets the first key of a new installation sign when its record is seen: nobody can remember that it was missing. */
  SIGNING_KEY_WAIT_HOURS: integer(0, 720).default(48),
  /** Recursive name servers, `address[:port]`, comma separated, that are asked for keys and domains. Default: the system's. */
  DNS_SERVERS: z
    .string()
    .transform((text) => text.split(',').map((server) => server.trim()))
    .refine(areServers, 'must be addresses such as 192.0.2.53 or [2001:db8::53]:53, comma separated')
    .optional(),
};

function areServers(servers: readonly string[]): boolean {
  try {
    new Resolver().setServers(servers);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_INVALID_IP_ADDRESS') return false;
    throw error;
  }
}
