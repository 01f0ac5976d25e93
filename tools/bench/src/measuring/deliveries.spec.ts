import { describe, expect, it } from '@jest/globals';
import { sentNothing } from '../load/sent.js';
import type { Sent } from '../load/sent.js';
import { ArrivalLog } from '../receiver/arrivals.js';
import { Deliveries } from './deliveries.js';

/** Four events, 100 to 103, one every 10 ms from moment 1,000. */
function sentFour(): Sent {
  const sent = sentNothing(100, 4);
  for (let index = 0; index < 4; index += 1) sent.intended[index] = 1_000 + 10 * index;
  return sent;
}

function deliveries(routes: number[][], arrivals: [receiver: number, event: number, at: number, taken?: boolean][]) {
  const log = new ArrivalLog();
  for (const [receiver, event, at, taken = true] of arrivals) log.add(receiver, event, at, taken);
  const found = new Deliveries(routes, 100, 4);
  found.add(log.since(0));
  return found;
}

const IN_TURN = [[0], [1]];

describe('what has arrived of a load', () => {
  it('given all, misses nothing and knows how long each took', () => {
    const all = deliveries(IN_TURN, [
      [0, 100, 1_005],
      [1, 101, 1_012],
      [0, 102, 1_027],
      [1, 103, 1_031],
    ]);
    expect(all.missing()).toBe(0);
    expect([...all.latencies(sentFour())]).toEqual([5, 2, 7, 1]);
    expect([all.firstArrival, all.lastArrival]).toEqual([1_005, 1_031]);
  });

  it('given an event that never came, misses it where it was to come', () => {
    const some = deliveries(IN_TURN, [
      [0, 100, 1_005],
      [1, 101, 1_012],
      [0, 102, 1_027],
    ]);
    expect(some.missing()).toBe(1);
    expect(some.missing((receiver) => receiver === 0)).toBe(0);
    expect(some.missing((receiver) => receiver === 1)).toBe(1);
  });

  it('given an event twice at one receiver, counts one repeat and the first arrival', () => {
    const twice = deliveries(
      [[0, 1]],
      [
        [0, 100, 1_005],
        [1, 100, 1_006],
        [0, 100, 1_900],
      ],
    );
    expect(twice.repeats).toBe(1);
    expect([...twice.latencies(sentFour())]).toEqual([5, 6]);
    expect(twice.missing()).toBe(6);
  });

  it('does not count what a receiver did not take, nor events of another load', () => {
    const none = deliveries(IN_TURN, [
      [0, 100, 1_005, false],
      [0, 99, 1_005],
      [0, 104, 1_005],
    ]);
    expect(none.missing()).toBe(4);
    expect(none.repeats).toBe(0);
  });

  it('selects by receiver and by the moment at which events were to be sent', () => {
    const all = deliveries(IN_TURN, [
      [0, 100, 1_005],
      [1, 101, 1_012],
      [0, 102, 1_027],
    ]);
    expect([...all.latencies(sentFour(), { receives: (receiver) => receiver === 0 })]).toEqual([5, 7]);
    expect([...all.latencies(sentFour(), { from: 1_010, to: 1_020 })]).toEqual([2]);
  });
});
