import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RequestRefusals } from './request-refusals.js';

describe('the log of requests that are refused for now', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('given many, warns at the first of each code, and each ten seconds of how many more there were', () => {
    const log = { warn: jest.fn() };
    const refusals = new RequestRefusals(log);
    const said = (): unknown[] => log.warn.mock.calls.splice(0).map(([fields]) => fields);

    for (let count = 0; count < 4; count++) refusals.count('overloaded');
    refusals.count('broker_unavailable');
    expect(said()).toEqual([
      { code: 'overloaded', requests: 1 },
      { code: 'broker_unavailable', requests: 1 },
    ]);
    jest.advanceTimersByTime(10_000);
    expect(said()).toEqual([{ code: 'overloaded', requests: 3 }]);
    refusals.count('overloaded');
    expect(said()).toEqual([]);
    jest.advanceTimersByTime(10_000);
    expect(said()).toEqual([{ code: 'overloaded', requests: 1 }]);
    jest.advanceTimersByTime(20_000);
    expect(said()).toEqual([]);
    refusals.count('overloaded');
    expect(said()).toEqual([{ code: 'overloaded', requests: 1 }]);
  });
});
