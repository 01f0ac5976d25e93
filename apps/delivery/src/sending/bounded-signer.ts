import type { AsyncSigner } from '@postduif/signing';

/**
 * Signs on at most so many threads at once. libuv has one pool of threads for signatures, files and much else, and one queue before
 * it: what nobody waits for in there yet, waits here, and holds up nothing else. The signers of all keys share the bound.
 */
export function signingBound(atOnce: number): (sign: AsyncSigner) => (signingString: Buffer) => Promise<Buffer> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return (sign) => async (signingString) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await sign(signingString);
    } finally {
      // Whoever comes next takes over the place.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** All threads of libuv's pool but one. */
export function signingThreads(environment: Readonly<Record<string, string | undefined>> = process.env): number {
  const DEFAULT = 4;
  return Math.max(1, (Number(environment.UV_THREADPOOL_SIZE) || DEFAULT) - 1);
}
