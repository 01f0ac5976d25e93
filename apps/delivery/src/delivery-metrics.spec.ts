import { describe, expect, it, jest } from '@jest/globals';
import type { DeadReason } from '@postduif/contracts';
import { Registry } from 'prom-client';
import { DeliveryMetrics } from './delivery-metrics.js';
import type { AttemptFacts } from './engine/ports.js';
import { webhook } from './testing/world.js';

const dead = (reason: DeadReason): AttemptFacts => ({
  job: {
    delivery: {
      ...{ delivery: 'd', account: '1', webhook: '1', event: 'e', trigger: 'click', contentType: 'text/plain' },
      ...{ attempt: 1, acceptedAt: 0 },
    },
    body: Buffer.alloc(0),
    key: null,
    done: () => undefined,
    isCurrent: () => true,
  },
  ...{ webhook: undefined, startedAt: 0, endedAt: 0, result: undefined, outcome: 'dead', reason },
});

describe('the log of delivery', () => {
  const observed = () => {
    const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn() };
    return { log, metrics: new DeliveryMetrics(new Registry(), log) };
  };

  it.each(['webhook_deleted', 'webhook_disabled'] as const)(
    'given deliveries that end as their owner wants it (%s), then there is one warning for all of ten seconds',
    (reason) => {
      jest.useFakeTimers();
      const { log, metrics } = observed();
      for (let count = 0; count < 3; count++) metrics.ended(dead(reason));
      expect(log.warn).not.toHaveBeenCalled();
      expect(log.debug).toHaveBeenCalledTimes(3);
      jest.advanceTimersByTime(10_000);
      metrics.ended(dead(reason));
      jest.advanceTimersByTime(10_000);
      jest.useRealTimers();

      const line = { account: '1', webhook: '1', reason };
      expect(log.warn.mock.calls).toEqual([
        [{ ...line, deliveries: 3 }, 'deliveries dead'],
        [{ ...line, deliveries: 1 }, 'deliveries dead'],
      ]);
    },
  );

  it('given deliveries for which there is no connection, then there is one warning for each host and reason in ten seconds', () => {
    jest.useFakeTimers();
    const { log, metrics } = observed();
    for (const id of ['1', '2']) metrics.turnedAway(webhook(id), 'out_of_sockets');
    metrics.turnedAway(webhook('2'), 'connection_wait_timeout');
    jest.advanceTimersByTime(10_000);
    jest.useRealTimers();

    expect(log.warn.mock.calls).toEqual([
      [{ host: 'hooks.example', error: 'out_of_sockets', deliveries: 2 }, expect.stringContaining('ulimit -n')],
      [{ host: 'hooks.example', error: 'connection_wait_timeout', deliveries: 1 }, expect.any(String)],
    ]);
  });

  it('given a stop within these ten seconds, then the warning comes before it', () => {
    const { log, metrics } = observed();
    for (let count = 0; count < 3; count++) metrics.ended(dead('webhook_deleted'));
    metrics.stop();
    expect(log.warn.mock.calls).toEqual([
      [{ account: '1', webhook: '1', reason: 'webhook_deleted', deliveries: 3 }, 'deliveries dead'],
    ]);
  });

  it('given a delivery that ends otherwise, then that is a warning', () => {
    const { log, metrics } = observed();
    metrics.ended(dead('expired'));
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  it('given a receiver that answers again, then it says until when what waits for it comes back, if anything does', () => {
    const { log, metrics } = observed();
    const waitsUntil = Date.now() + 60_000;
    metrics.breakerMoved(webhook('1'), 'closed', waitsUntil);
    metrics.breakerMoved(webhook('1'), 'closed', 0);

    const fields = expect.objectContaining({ waitsUntil: new Date(waitsUntil).toISOString() });
    expect(log.info).toHaveBeenNthCalledWith(1, fields, expect.stringContaining('until `waitsUntil`'));
    expect(log.info).toHaveBeenNthCalledWith(2, expect.anything(), 'the receiver answers again');
    expect(log.info.mock.calls[1]?.[0]).not.toHaveProperty('waitsUntil');
  });
});
