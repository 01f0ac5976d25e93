import type { Page } from '@postduif/contracts';

export interface PageRequest {
  readonly start: number;
  readonly limit: number;
}

/** A page as `/v4` answers it (spec section 10.1). */
export function pageOf<T>({ start, limit }: PageRequest, data: readonly T[], total: number | undefined): Page<T> {
  return { start, limit, count: data.length, ...(total === undefined ? {} : { total }), data };
}
