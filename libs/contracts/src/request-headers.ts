import { z } from 'zod';

const KEY = 'must be 1 to 200 visible ASCII characters without quotes';

/** `Idempotency-Key`, with quotes, as the draft standard writes it, or without. */
export const idempotencyKey = z
  .string(KEY)
  .regex(/^(?:"[\x21\x23-\x7e]{1,200}"|[\x21\x23-\x7e]{1,200})$/, KEY)
  .transform((text) => text.replace(/^"(.*)"$/, '$1'));

const TAGS = 'must be entity tags as ETag shows them, such as "3", or *';

/** `If-Match` and `If-None-Match`: entity tags (RFC 9110 section 8.8.3), or an asterisk. */
export const entityTags = z
  .string(TAGS)
  .regex(/^(?:\*|(?:W\/)?"[\x21\x23-\x7e]*"(?: *, *(?:W\/)?"[\x21\x23-\x7e]*")*)$/, TAGS);
