import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ReplayLog } from './replay-log.js';

interface Place {
  position: number | undefined;
  watermark: number | undefined;
}

describe('the log of reading the last ten minutes again', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const given = (...places: Place[]) => {
    const log = { info: jest.fn() };
    const replay = new ReplayLog(() => places, log);
    return { log, replay };
  };

  it('given that it takes longer than a second, says what is left and that new events wait, and then that it is over', () => {
    const slow: Place = { position: undefined, watermark: undefined };
    const { log, replay } = given(slow, { position: 70, watermark: 70 });
    replay.begin();
    jest.advanceTimersByTime(2_000);
    expect(log.info).not.toHaveBeenCalled();
    Object.assign(slow, { position: 40, watermark: 100 });
    for (let count = 0; count < 40; count++) replay.count();
    jest.advanceTimersByTime(1_000);
    slow.position = 90;
    for (let count = 0; count < 50; count++) replay.count();
    replay.begin();
    jest.advanceTimersByTime(1_000);
    expect(log.info.mock.calls).toEqual([
      [{ left: 60 }, 'reading the last ten minutes again, to know repeats; new events wait until then'],
    ]);
    slow.position = 100;
    for (let count = 0; count < 10; count++) replay.count();
    jest.advanceTimersByTime(1_000);
    expect(log.info.mock.calls.slice(1)).toEqual([
      [{ records: 100, seconds: 5 }, 'read the last ten minutes again, to know repeats'],
    ]);
    jest.advanceTimersByTime(60_000);
    expect(log.info).toHaveBeenCalledTimes(2);
  });

  it('given that it is over within a second, or stopped, says nothing', () => {
    const short: Place = { position: 100, watermark: 100 };
    const { log, replay } = given(short);
    replay.begin();
    for (let count = 0; count < 100; count++) replay.count();
    jest.advanceTimersByTime(1_000);
    short.position = 50;
    replay.begin();
    replay.count();
    replay.stop();
    jest.advanceTimersByTime(1_000);
    expect(log.info).not.toHaveBeenCalled();
  });

  it('is over when each partition is read where it was not read before', () => {
    const place: Place = { position: undefined, watermark: undefined };
    const { replay } = given({ position: 5, watermark: 5 }, place);
    expect(replay.isOver()).toBe(false);
    Object.assign(place, { position: 40, watermark: 100 });
    expect(replay.isOver()).toBe(false);
    Object.assign(place, { position: 130, watermark: 100 });
    expect(replay.isOver()).toBe(true);
  });
});
