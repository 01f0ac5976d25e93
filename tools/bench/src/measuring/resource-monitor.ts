import { cpuSeconds, processTimes } from './process-times.js';
import type { ProcessTime } from './process-times.js';

/** Processes at one moment. */
export interface Observed {
  readonly name: string;
  readonly pid: number | undefined;
  /** Bytes, with its children. */
  readonly memory: number;
  /** CPU seconds, of a process that counts its own without its children. */
  readonly seconds?: number;
}

/** What processes have used, by name. */
export interface Resources {
  /** CPU seconds since the monitor was made, those of processes that were killed included. */
  readonly cpu: ReadonlyMap<string, number>;
  /** Bytes. */
  readonly memory: ReadonlyMap<string, number>;
}

interface Account {
  pid: number | undefined;
  /** Of earlier processes of that name, less what the first had used before. */
  before: number;
  seconds: number;
}

const EVERY_MS = 3_000;

/** Looks every three seconds at what each process uses: a process that is killed takes at most so much knowledge with it. */
export class ResourceMonitor {
  readonly #accounts = new Map<string, Account>();
  readonly #peaks = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<Resources> | undefined;

  constructor(
    private readonly observe: () => Promise<readonly Observed[]>,
    private readonly times: () => Promise<readonly ProcessTime[]> = processTimes,
  ) {}

  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Forgets the peaks so far. */
  newPeaks(): void {
    this.#peaks.clear();
  }

  /** Most memory of each process since the peaks were last forgotten, in bytes. */
  get peaks(): ReadonlyMap<string, number> {
    return this.#peaks;
  }

  /** One look at a time: whoever asks meanwhile gets the next. */
  async look(): Promise<Resources> {
    const looking = (this.#looking ?? Promise.resolve()).then(() => this.#look());
    this.#looking = looking;
    return looking;
  }

  async #look(): Promise<Resources> {
    const [observed, times] = await Promise.all([this.observe(), this.times()]);
    const memory = new Map<string, number>();
    for (const one of observed) {
      this.#count(one.name, one.pid, one.seconds ?? (one.pid === undefined ? 0 : cpuSeconds(times, one.pid)));
      memory.set(one.name, one.memory);
      this.#peaks.set(one.name, Math.max(one.memory, this.#peaks.get(one.name) ?? 0));
    }
    const cpu = new Map([...this.#accounts].map(([name, { before, seconds }]) => [name, before + seconds]));
    return { cpu, memory };
  }

  #count(name: string, pid: number | undefined, seconds: number): void {
    const account = this.#accounts.get(name);
    if (account === undefined) {
      this.#accounts.set(name, { pid, before: -seconds, seconds });
      return;
    }
    if (pid === undefined || seconds === 0) return;
    if (pid !== account.pid) account.before += account.seconds;
    account.pid = pid;
    account.seconds = seconds;
  }
}

/** CPU seconds between two looks. */
export function cpuBetween(before: Resources, after: Resources): Map<string, number> {
  return new Map([...after.cpu].map(([name, seconds]) => [name, seconds - (before.cpu.get(name) ?? 0)]));
}
