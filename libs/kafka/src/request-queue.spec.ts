import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { calmRequestQueues } from './request-queue.js';

const require = createRequire(import.meta.url);
const RequestQueue = require('kafkajs/src/network/requestQueue/index.js') as new (options: object) => {
  maybeThrottle(ms: number): void;
  push(request: object): void;
  fulfillRequest(response: object): void;
};

const nothing = (): void => undefined;

function given() {
  const sent: number[] = [];
  const logger = { debug: nothing, warn: nothing };
  const queue = new RequestQueue({
    maxInFlightRequests: 1,
    requestTimeout: 1_000,
    enforceRequestTimeout: false,
    logger,
  });
  const push = (correlationId: number): void => {
    queue.push({
      entry: { correlationId, resolve: nothing, reject: nothing },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId),
    });
  };
  return { queue, sent, push };
}

describe('requests of kafkajs', () => {
  beforeEach(() => {
    calmRequestQueues();
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('given none that waits, then nothing is looked for', () => {
    const { queue, sent, push } = given();
    push(1);
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
    expect(sent).toEqual([1]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('given one that waits for another, then it goes when that is answered', () => {
    const { queue, sent, push } = given();
    push(1);
    push(2);
    expect(sent).toEqual([1]);
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
    expect(sent).toEqual([1, 2]);
  });

  it('given one that the broker throttles, then it goes when its time has come, and nothing is looked for any more', () => {
    const { queue, sent, push } = given();
    queue.maybeThrottle(50);
    push(1);
    jest.advanceTimersByTime(49);
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(20);
    expect(sent).toEqual([1]);
    jest.advanceTimersByTime(1_000);
    expect(jest.getTimerCount()).toBe(0);
  });
});
