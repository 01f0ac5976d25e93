import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { costOf, Room } from './room.js';

const bounds = { slots: 100, records: 1_000, bytes: 1_000_000, briefBytes: 1_000_000 };

describe('Room', () => {
  it('given one lane that takes all it may, then it has half of what there is', () => {
    const room = new Room(bounds);
    const lane = { records: 0, bytes: 0 };
    while (room.fits(lane, 100)) {
      room.enter(100);
      lane.records += 1;
      lane.bytes += 100;
    }

    expect(lane.records).toBe(bounds.records / 2);
  });

  it('given lanes that take all they may, one after the other, then it is never exceeded, and another lane still finds room', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 2_000 }), (count, bytes) => {
        const room = new Room(bounds);
        const lanes = Array.from({ length: count }, () => ({ records: 0, bytes: 0 }));
        let [records, used] = [0, 0];
        for (const lane of lanes)
          while (room.fits(lane, bytes)) {
            room.enter(bytes);
            lane.records += 1;
            lane.bytes += bytes;
            records += 1;
            used += bytes;
          }

        expect(records).toBeLessThanOrEqual(bounds.records);
        expect(used).toBeLessThanOrEqual(bounds.bytes);
        expect(room.fits({ records: 0, bytes: 0 }, 100)).toBe(true);
      }),
    );
  });

  it('given lanes that queue all they may for a moment, one after the other, then the first has four fifths, and another still finds room', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 1_000 }), (count, bytes) => {
        const room = new Room(bounds);
        const costs = Array.from({ length: count }, () => {
          let cost = 0;
          while (room.fitsBriefly(cost, bytes)) {
            room.enterBriefly(bytes);
            cost += costOf(bytes);
          }
          return cost;
        });

        expect(costs[0]).toBeLessThan(0.8 * bounds.briefBytes + costOf(bytes));
        expect(costs[0]).toBeGreaterThan(0.8 * bounds.briefBytes - costOf(bytes));
        expect(costs.reduce((sum, cost) => sum + cost, 0)).toBeLessThan(bounds.briefBytes);
        expect(room.fitsBriefly(0, 100)).toBe(true);
      }),
    );
  });

  it('given deliveries that wait for us, then large ones count for several', () => {
    const room = new Room(bounds);
    for (const bytes of [0, 12 * 1024, 100 * 1024]) room.addForUs(bytes);
    expect(room.forUs).toBe(1 + 1 + 9);
    for (const bytes of [0, 12 * 1024, 100 * 1024]) room.removeForUs(bytes);
    expect(room.forUs).toBe(0);
  });

  it('given slots that fill up, then a lane may have fewer of those it would like, in proportion, but at least one', () => {
    const room = new Room(bounds);
    expect(room.share(10)).toBe(10);
    for (let taken = 0; taken < 50; taken++) room.takeSlot();
    expect([room.share(10), room.share(1)]).toEqual([5, 1]);
    for (let taken = 50; taken < 99; taken++) room.takeSlot();
    expect([room.share(10), room.hasSlot]).toEqual([1, true]);
    room.takeSlot();
    expect(room.hasSlot).toBe(false);
    room.freeSlot();
    expect(room.hasSlot).toBe(true);
  });

  it('given twice as many stuck lanes as would fill all slots, then there are still some for another', () => {
    const room = new Room({ ...bounds, slots: 1_000 });
    for (let lane = 0; lane < 200; lane++) for (let held = 0; held < room.share(10); held++) room.takeSlot();

    expect(room.hasSlot).toBe(true);
  });
});
