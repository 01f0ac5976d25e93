import type { RecordCheck } from '../../dns/record-check.js';
import type { RotationPolicy } from '../rotation-policy.js';
import { nextStep, sightingAfter } from '../rotation.js';
import type { Step } from '../rotation.js';
import { activeFrom, retiredFrom } from '../signing-key.js';
import type { SigningKey } from '../signing-key.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface Interval {
  readonly from: number;
  readonly lasts: number;
}

/** The world around the rotation; times are milliseconds from the start. */
export interface Surroundings {
  /** How long after a key was made its record is put into DNS; keys are counted from 1. */
  readonly publishesAfter: (key: number) => number;
  /** Records of some keys are missing from DNS: of those whose number leaves `of` when divided by two; of all without. */
  readonly interruptions: readonly (Interval & { readonly of?: number | undefined })[];
  /** Name servers do not answer. */
  readonly outages: readonly Interval[];
  /** The service does not run; deliveries go on with what they know. */
  readonly stops: readonly Interval[];
  /** The operator changes to another signing domain. */
  readonly moves: readonly number[];
}

/** The real rules, with a clock, a DNS and an operator who are made up. Says where a promise was broken. */
export class SimulatedRotation {
  keys: readonly SigningKey[] = [];
  readonly broken: string[] = [];
  readonly activations: { readonly at: number; readonly id: string }[] = [];
  readonly #lastUse = new Map<string, number>();
  #now = 0;
  #made = 0;

  constructor(
    private readonly policy: RotationPolicy,
    private readonly world: Surroundings,
    private readonly everyMs: number,
  ) {}

  runUntil(end: number): this {
    for (; this.#now <= end; this.#now += this.everyMs)
      if (!this.world.stops.some((stop) => isWithin(this.#now, stop))) this.#tick();
    return this;
  }

  /** For how long the record of a key has really been in DNS without interruption; negative while it is not. */
  visibleFor({ id, createdAt }: SigningKey): number {
    const published = createdAt.getTime() + this.world.publishesAfter(Number(id));
    const ends = this.world.interruptions
      .filter(({ from, of }) => from <= this.#now && (of === undefined || Number(id) % 2 === of))
      .map(({ from, lasts }) => from + lasts);
    return this.#now - Math.max(published, ...ends);
  }

  get active(): SigningKey | undefined {
    return this.keys.find(({ state }) => state === 'active');
  }

  #tick(): void {
    if (this.active) this.#lastUse.set(this.active.id, this.#now);
    this.keys = this.keys.map((key) => ({ ...key, ...sightingAfter(key, this.#look(key), this.policy) }));
    const now = new Date(this.#now);
    const moved = this.world.moves.filter((at) => at <= this.#now).length;
    const domain = moved % 2 === 0 ? 'one.example' : 'two.example';
    for (let step = nextStep(this.keys, domain, now, this.policy); step;) {
      this.keys = this.#after(step, now);
      step = nextStep(this.keys, domain, now, this.policy);
    }
    this.#watch();
  }

  #look(key: SigningKey): RecordCheck {
    const at = new Date(this.#now).toISOString();
    if (this.world.outages.some((outage) => isWithin(this.#now, outage)))
      return { at, actual: [], state: 'missing', error: 'The name servers gave no answer (ETIMEOUT).' };
    return { at, actual: [], state: this.visibleFor(key) >= 0 ? 'valid' : 'missing', error: null };
  }

  #after(step: Step<SigningKey>, now: Date): readonly SigningKey[] {
    if (step.does === 'make') return [...this.keys, this.#newKey(step.domain)];
    if (step.does === 'delete') return this.keys.filter(({ id }) => id !== step.key.id);
    const { key, former } = step;
    this.activations.push({ at: this.#now, id: key.id });
    const visible = this.visibleFor(key);
    if (this.policy.dnsCheck === 'required' && visible < this.policy.waitMs)
      this.broken.push(`${key.id} signs after it was visible for ${visible / HOUR} hours`);
    return this.keys.map((one) => {
      if (one.id === key.id) return { ...key, ...activeFrom(now) };
      return former?.id === one.id ? { ...former, ...retiredFrom(former, now) } : one;
    });
  }

  #newKey(domain: string): SigningKey {
    const id = String(++this.#made);
    const keyId = `wh${id}._domainkey.${domain}`;
    const none = { activatedAt: null, retiredAt: null, visibleSince: null, seenAt: null, dns: null };
    return { id, account: null, domain, keyId, state: 'next', createdAt: new Date(this.#now), ...none };
  }

  #watch(): void {
    const count = (state: string) => this.keys.filter((key) => key.state === state).length;
    if (count('active') !== (this.activations.length === 0 ? 0 : 1))
      this.broken.push(`${count('active')} keys are active`);
    if (count('next') > 1) this.broken.push(`${count('next')} keys are next`);
    for (const [id, at] of this.#lastUse)
      if (this.#now - at <= 7 * DAY && !this.keys.some((key) => key.id === id))
        this.broken.push(`${id} is not shown, ${(this.#now - at) / DAY} days after its last use`);
  }
}

function isWithin(time: number, { from, lasts }: Interval): boolean {
  return time >= from && time < from + lasts;
}
