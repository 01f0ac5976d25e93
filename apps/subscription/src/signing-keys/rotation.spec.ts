import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rotationPolicy } from './rotation-policy.js';
import { usableFrom } from './rotation.js';
import { DAY, HOUR, MINUTE, SimulatedRotation } from './testing/simulated-rotation.js';
import type { Surroundings } from './testing/simulated-rotation.js';

const settings = { dnsCheck: 'required', rotationDays: 30, waitHours: 48 } as const;
const POLICY = rotationPolicy(settings);
const YEAR = 365 * DAY;
/** The operator puts every record into DNS after three hours. */
const PROMPT: Surroundings = { publishesAfter: () => 3 * HOUR, interruptions: [], outages: [], stops: [], moves: [] };
const FIRST_USE = 51 * HOUR;

function run(until: number, world: Partial<Surroundings> = {}, policy = POLICY): SimulatedRotation {
  return new SimulatedRotation(policy, { ...PROMPT, ...world }, 20 * MINUTE).runUntil(until);
}

function life(rotation: SimulatedRotation): string[] {
  return rotation.keys.map(({ id, state }) => `${id} ${state}`);
}

/** Changes follow each other closely, so that much happens within the waits. */
const HASTY = rotationPolicy({ ...settings, rotationDays: 8 });
const LOOKS = 25 * MINUTE;
const interval = (least: number, most: number) => ({
  from: fc.integer({ min: 0, max: YEAR }),
  lasts: fc.oneof(fc.integer({ min: least, max: least + 2 * HOUR }), fc.integer({ min: least, max: most })),
});

/** An operator who is late and makes mistakes, a DNS that fails, a service that stops; evenly spread over the year. */
const anyWorld: fc.Arbitrary<Surroundings> = fc.noBias(
  fc.record({
    publishesAfter: fc
      .array(fc.oneof(fc.integer({ min: 0, max: DAY }), fc.integer({ min: 0, max: 12 * DAY })), { minLength: 20 })
      .map((delays) => (key: number) => delays[key % delays.length] ?? 0),
    // Shorter ones may fall between two looks, and then nobody can know of them.
    interruptions: fc.array(fc.record({ ...interval(LOOKS + MINUTE, 2 * DAY), of: fc.constantFrom(0, 1, undefined) }), {
      maxLength: 40,
    }),
    outages: fc.array(fc.record(interval(MINUTE, 3 * DAY)), { maxLength: 40 }),
    stops: fc.array(fc.record(interval(MINUTE, 20 * DAY)), { maxLength: 5 }),
    moves: fc.array(fc.integer({ min: 0, max: YEAR }), { maxLength: 4 }),
  }),
);

describe('the rotation of signing keys', () => {
  it(
    'whatever happens in ten years, keys are visible for 48 hours before they sign and shown for 7 days after, ' +
      'and from the first on there is always one that signs',
    () => {
      fc.assert(
        fc.property(anyWorld, (world) => {
          expect(new SimulatedRotation(HASTY, world, LOOKS).runUntil(YEAR).broken).toEqual([]);
        }),
        { numRuns: 10, endOnFailure: true },
      );
    },
    120_000,
  );

  it('with a prompt operator, takes the next key every 30 days to the minute', () => {
    const { activations } = run(2 * YEAR);
    expect(activations.map(({ at }) => at)).toEqual(
      Array.from({ length: activations.length }, (_, month) => FIRST_USE + month * 30 * DAY),
    );
    expect(activations).toHaveLength(25);
  });

  it('shows the next key a week before it is due, and the former for a week after', () => {
    const due = FIRST_USE + 30 * DAY;
    expect(life(run(due - 7 * DAY - HOUR))).toEqual(['1 active']);
    expect(life(run(due - 7 * DAY))).toEqual(['1 active', '2 next']);
    expect(life(run(due))).toEqual(['1 retired', '2 active']);
    expect(life(run(due + 7 * DAY))).toEqual(['1 retired', '2 active']);
    expect(life(run(due + 7 * DAY + HOUR))).toEqual(['2 active']);
  });

  it('has no key at first until its record was seen for 48 hours', () => {
    expect(life(run(FIRST_USE - 20 * MINUTE))).toEqual(['1 next']);
    expect(life(run(FIRST_USE))).toEqual(['1 active']);
  });

  it('while the next record is not in DNS, goes on with the key that it has', () => {
    const late = run(100 * DAY, { publishesAfter: (key) => (key === 1 ? 0 : 90 * DAY) });
    expect(life(late)).toEqual(['1 active', '2 next']);
  });

  it.each([
    ['was gone for a while', { interruptions: [{ from: 26 * HOUR, lasts: 2 * HOUR }] }],
    ['was gone for a moment', { interruptions: [{ from: 28 * HOUR - 20 * MINUTE, lasts: 20 * MINUTE }] }],
    ['could not be looked up for a while', { outages: [{ from: 26 * HOUR, lasts: 2 * HOUR }] }],
    ['was not looked for, as the service stood still', { stops: [{ from: 26 * HOUR, lasts: 2 * HOUR }] }],
  ])('begins the wait anew when the record %s', (_, world) => {
    expect(run(28 * HOUR + 48 * HOUR - MINUTE, world).activations).toEqual([]);
    expect(run(28 * HOUR + 48 * HOUR, world).activations).toEqual([{ at: 76 * HOUR, id: '1' }]);
  });

  it('goes on with the wait when the name servers are silent for half an hour', () => {
    const [first] = run(FIRST_USE, { outages: [{ from: 26 * HOUR, lasts: 30 * MINUTE }] }).activations;
    expect(first).toEqual({ at: FIRST_USE, id: '1' });
  });

  it('does not take a key while the name servers are silent', () => {
    const world = { outages: [{ from: FIRST_USE - MINUTE, lasts: 30 * MINUTE }] };
    expect(run(FIRST_USE + 20 * MINUTE, world).activations).toEqual([]);
    expect(run(FIRST_USE + 40 * MINUTE, world).activations).toHaveLength(1);
  });

  describe('when the record of the active key vanishes', () => {
    const due = FIRST_USE + 30 * DAY;

    it('takes the next key early, if that may be used', () => {
      const rotation = run(due - DAY, { interruptions: [{ from: due - 2 * DAY, lasts: 9 * DAY, of: 1 }] });
      expect(life(rotation)).toEqual(['1 retired', '2 active']);
    });

    it('takes the former key back, if its record is still there', () => {
      const rotation = run(due + 3 * DAY, { interruptions: [{ from: due + 2 * DAY, lasts: 9 * DAY, of: 0 }] });
      expect(life(rotation)).toEqual(['1 active', '2 retired']);
    });

    it('goes on with it, if there is no other', () => {
      const rotation = run(20 * DAY, { interruptions: [{ from: 10 * DAY, lasts: 20 * DAY }] });
      expect(life(rotation)).toEqual(['1 active']);
      expect(rotation.active?.dns).toMatchObject({ state: 'missing', error: null });
    });

    it('stays with it, if nobody can tell', () => {
      const rotation = run(due + 3 * DAY, { outages: [{ from: due + 2 * DAY, lasts: 9 * DAY }] });
      expect(life(rotation)).toEqual(['1 retired', '2 active']);
    });
  });

  it('given another domain, makes a key there and changes to it as to any next key', () => {
    const world = { moves: [10 * DAY] };
    expect(run(10 * DAY, world).keys.map(({ domain, state }) => [domain, state])).toEqual([
      ['one.example', 'active'],
      ['two.example', 'next'],
    ]);
    expect(life(run(10 * DAY + FIRST_USE, world))).toEqual(['1 retired', '2 active']);
  });

  it('given another domain and the old one again, forgets the next key', () => {
    expect(life(run(11 * DAY, { moves: [10 * DAY, 10 * DAY + HOUR] }))).toEqual(['1 active']);
  });

  it('without DNS, if the operator wants it so, uses a key at once and still changes it monthly', () => {
    const never = { publishesAfter: () => Infinity };
    const { activations, broken } = run(61 * DAY, never, rotationPolicy({ ...settings, dnsCheck: 'off' }));
    expect([activations.map(({ at }) => at / DAY), broken]).toEqual([[0, 30, 60], []]);
  });

  it('given a wait of no hours, uses the first key when its record is seen', () => {
    const [first] = run(DAY, {}, rotationPolicy({ ...settings, waitHours: 0 })).activations;
    expect(first).toEqual({ at: 3 * HOUR, id: '1' });
  });

  it('says from when a key may be used', () => {
    const [key] = run(10 * HOUR).keys;
    expect(usableFrom(key!, POLICY)?.getTime()).toBe(FIRST_USE);
  });
});
