import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { costOf, Room } from './room.js';

const bounds = { slots: 100, records: 1_000, bytes: 1_000_000, briefBytes: 1_000_000 };

function enter(room: Room, lane: { records: number; bytes: number }, bytes: number): void {
  room.enter(lane, bytes);
  lane.records += 1;
  lane.bytes += bytes;
}

describe('Room', () => {
  it('given one lane that takes all it may, then it has half of what there is', () => {
    const room = new Room(bounds);
    const lane = { records: 0, bytes: 0 };
    while (room.fits(lane, 100)) {
      enter(room, lane, 100);
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
            enter(room, lane, bytes);
            records += 1;
            used += bytes;
          }

        expect(records).toBeLessThanOrEqual(bounds.records);
        expect(used).toBeLessThanOrEqual(bounds.bytes);
        expect(room.fits({ records: 0, bytes: 0 }, 100)).toBe(true);
      }),
    );
  });

  it('given lanes that take all they may of any bodies, one after the other, then another has room for one as large, and for many small ones', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_000, max: 20_000 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        const room = new Room({ ...bounds, records: 1_000_000 });
        const lanes = sizes.map((bytes) => {
          const lane = { records: 0, bytes: 0 };
          while (room.fitsInFlight(lane, bytes)) enter(room, lane, bytes);
          return { ...lane, size: bytes };
        });

        expect(lanes.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(bounds.bytes);
        expect(room.fitsInFlight({ records: 0, bytes: 0 }, 20_000)).toBe(true);
        const small = { records: 0, bytes: 0 };
        while (room.fitsInFlight(small, 10)) enter(room, small, 10);
        expect(small.records).toBeGreaterThanOrEqual(40);
      }),
    );
  });

  it('given deliveries that come and go, then in the end there is as much room as in the beginning', () => {
    const operation = fc.record({ lane: fc.nat(2), bytes: fc.nat(1_000), leaves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const room = new Room(bounds);
        const lanes = Array.from({ length: 3 }, () => ({ records: 0, bytes: 0, held: [] as number[] }));
        const leave = (lane: (typeof lanes)[number]): void => {
          const bytes = lane.held.shift();
          if (bytes === undefined) return;
          room.leave(lane, bytes);
          lane.records -= 1;
          lane.bytes -= bytes;
        };
        for (const { lane: index, bytes, leaves } of operations) {
          const lane = lanes[index]!;
          if (leaves) leave(lane);
          else {
            enter(room, lane, bytes);
            lane.held.push(bytes);
          }
        }
        for (const lane of lanes) while (lane.held.length > 0) leave(lane);

        const whole = new Room(bounds);
        for (const lane of [
          { records: 0, bytes: 0 },
          { records: 1, bytes: 400_000 },
          { records: 2, bytes: 374_999 },
        ])
          for (const bytes of [1, 100_000, 187_501, 500_000, 500_001])
            expect(room.fitsInFlight(lane, bytes)).toBe(whole.fitsInFlight(lane, bytes));
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
