/** What a part of a service says of itself. `live`: it makes progress. `ready`: it can do its work now. */
export interface HealthCheck {
  readonly name: string;
  /** False when only a restart helps. A dependency that is away is no reason to be restarted. */
  readonly live?: () => boolean;
  /** True, or a sentence that says what is missing. */
  readonly ready?: () => true | string;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, true | string>>;
}

/** The health of a service, put together from its parts. */
export class Health {
  readonly #checks: HealthCheck[] = [];
  #stopping = false;

  add(check: HealthCheck): void {
    this.#checks.push(check);
  }

  /** From now on the service is not ready: nobody should send it anything. */
  stopping(): void {
    this.#stopping = true;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  live(): HealthReport {
    return report(
      this.#checks.map(({ name, live }) => [name, live === undefined || live() ? true : 'makes no progress']),
    );
  }

  ready(): HealthReport {
    if (this.#stopping) return { ok: false, checks: { service: 'is stopping' } };
    return report(this.#checks.map(({ name, ready }) => [name, ready === undefined ? true : ready()]));
  }
}

function report(checks: [string, true | string][]): HealthReport {
  return { ok: checks.every(([, state]) => state === true), checks: Object.fromEntries(checks) };
}
