import type { Batch } from 'kafkajs';

/**
 * Was the batch fetched above the position, or of a log that ends below it? kafkajs does so after `OFFSET_OUT_OF_RANGE`. It knows the
 * offset that it asked for, though its types do not say so.
 */
export function isElsewhere(batch: Batch & { readonly fetchedOffset?: unknown }, position: number): boolean {
  return Number(batch.fetchedOffset ?? 0) > position || Number(batch.highWatermark) < position;
}
