import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StackError } from './stack-error.js';

/** Where the system answers and how to be let in; `credentials.json` of a home. */
export interface Credentials {
  /** The front door. */
  readonly api: string;
  /** event-ingest's own address. */
  readonly ingest: string;
  readonly token: string;
  readonly account: string;
  /** `host:port` each. */
  readonly brokers: readonly string[];
}

/** Made once for a home, kept with it. */
export interface Secrets {
  readonly bootstrapToken: string;
  /** Base64 of 32 bytes. */
  readonly encryptionKey: string;
  readonly postgresPassword: string;
}

/** The process that keeps a stack running. */
export interface SupervisorIdentity {
  readonly pid: number;
  readonly command: string;
}

const MARKER = 'postduif-home';

/** The folder with everything that a local installation keeps: `.postduif` in the checkout, or `POSTDUIF_HOME`. */
export class Home {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get logs(): string {
    return join(this.path, 'logs');
  }

  get credentials(): string {
    return join(this.path, 'credentials.json');
  }

  /** Makes the folder, or takes one made before. Throws `StackError` when it holds something else, which `reset` would delete. */
  open(): void {
    const marker = join(this.path, MARKER);
    if (existsSync(this.path) && !existsSync(marker) && readdirSync(this.path).length > 0)
      throw new StackError(
        'home_not_ours',
        `${this.path} holds something that is not Postduif's. Set POSTDUIF_HOME to a new or empty folder.`,
      );
    mkdirSync(this.logs, { recursive: true });
    writeFileSync(marker, 'Made by npm start. npm start -- --reset deletes everything in this folder.\n');
  }

  /** Deletes everything but who supervises it. */
  reset(): void {
    for (const name of readdirSync(this.path))
      if (name !== MARKER && name !== 'supervisor.json')
        rmSync(join(this.path, name), { recursive: true, force: true });
    this.open();
  }

  secrets(): Secrets {
    const kept = this.#read('secrets.json');
    if (kept) return kept as Secrets;
    const secrets = {
      bootstrapToken: `pd_${randomBytes(32).toString('base64url')}`,
      encryptionKey: randomBytes(32).toString('base64'),
      postgresPassword: randomBytes(24).toString('base64url'),
    };
    this.#replace('secrets.json', secrets);
    return secrets;
  }

  writeCredentials(credentials: Credentials): void {
    this.#replace('credentials.json', credentials);
  }

  /** Process ids by name; empty when nothing runs. */
  processes(): Readonly<Record<string, number>> {
    return (this.#read('processes.json') ?? {}) as Record<string, number>;
  }

  writeProcesses(pids: Readonly<Record<string, number>>): void {
    this.#replace('processes.json', pids);
  }

  supervisor(): SupervisorIdentity | undefined {
    return this.#read('supervisor.json') as SupervisorIdentity | undefined;
  }

  writeSupervisor(supervisor: SupervisorIdentity | undefined): void {
    if (supervisor) this.#replace('supervisor.json', supervisor);
    else rmSync(join(this.path, 'supervisor.json'), { force: true });
  }

  #read(name: string): unknown {
    const path = join(this.path, name);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as unknown) : undefined;
  }

  /** Whole or not at all, and for its owner only. */
  #replace(name: string, content: object): void {
    const path = join(this.path, name);
    writeFileSync(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}
