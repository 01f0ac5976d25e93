import { describe, expect, it } from '@jest/globals';
import { ExchangeError } from './errors.js';
import { CachingResolver, type NameResolver } from './name-resolver.js';

/** Answers every name with the TTL given, and keeps what it was asked. */
class Source implements NameResolver {
  readonly asked: string[] = [];
  failing = false;

  constructor(readonly ttlSeconds: number) {}

  resolve(hostname: string): Promise<{ addresses: string[]; ttlSeconds: number }> {
    this.asked.push(hostname);
    if (this.failing) return Promise.reject(new ExchangeError('dns_failed'));
    return Promise.resolve({ addresses: ['8.8.8.8'], ttlSeconds: this.ttlSeconds });
  }
}

describe('CachingResolver', () => {
  it.each([
    [5, 4_999, 1],
    [5, 5_000, 2],
    [3_600, 29_999, 1],
    [3_600, 30_000, 2],
    [0, 0, 2],
  ])('given a TTL of %d s, after %d ms has asked %d times', async (ttlSeconds, laterMs, times) => {
    let now = 1_000;
    const source = new Source(ttlSeconds);
    const resolver = new CachingResolver(source, { now: () => now });
    await resolver.resolve('shop.example');
    now += laterMs;
    await resolver.resolve('shop.example');
    expect(source.asked).toHaveLength(times);
  });

  it('asks once for look-ups at the same time', async () => {
    const source = new Source(60);
    const resolver = new CachingResolver(source);
    await Promise.all(Array.from({ length: 20 }, () => resolver.resolve('shop.example')));
    expect(source.asked).toEqual(['shop.example']);
  });

  it('does not keep failures', async () => {
    const source = new Source(60);
    const resolver = new CachingResolver(source);
    source.failing = true;
    await expect(resolver.resolve('shop.example')).rejects.toMatchObject({ code: 'dns_failed' });
    source.failing = false;
    await expect(resolver.resolve('shop.example')).resolves.toMatchObject({ addresses: ['8.8.8.8'] });
  });

  it('forgets the oldest answer when it is full', async () => {
    const source = new Source(60);
    const resolver = new CachingResolver(source, { maxNames: 2 });
    for (const name of ['a', 'b', 'c', 'b', 'a']) await resolver.resolve(name);
    expect(source.asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
