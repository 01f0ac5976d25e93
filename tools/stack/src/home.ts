import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { tryLock } from '../setup/lock.mjs';
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

const MARKER = 'postduif-home';
const SUPERVISOR = 'supervisor';

/** The folder with everything that a local installation keeps: `.postduif` in the checkout, or `POSTDUIF_HOME`. */
export class Home {
  static readonly SECRETS = 'secrets.json';
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get logs(): string {
    return join(this.path, 'logs');
  }

  get kafka(): string {
    return join(this.path, 'kafka');
  }

  get postgres(): string {
    return join(this.path, 'postgres');
  }

  get credentials(): string {
    return join(this.path, 'credentials.json');
  }

  /** Makes the folder, or takes one made before. Throws `StackError` when it cannot, or when it holds something else, which `reset` would delete. */
  open(): void {
    try {
      this.#open();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      throw new StackError(
        'home_unusable',
        `${this.path} cannot be used (${error.message}). Run this as the user that it belongs to, or set POSTDUIF_HOME to another folder.`,
        { cause: error },
      );
    }
  }

  /** From now on this process supervises the home, until it calls what is returned. Throws `StackError` when another one does. */
  claim(): () => void {
    const { release, holder } = tryLock(join(this.path, SUPERVISOR));
    if (release) return release;
    throw new StackError(
      'already_running',
      `Postduif already runs from ${this.path} (process ${holder}). Stop it with: kill ${holder}`,
    );
  }

  /** Deletes everything but who supervises it, and what `keep` names. */
  reset(keep: readonly string[] = []): void {
    const kept = (name: string): boolean => name === MARKER || name.startsWith(`${SUPERVISOR}.`) || keep.includes(name);
    for (const name of readdirSync(this.path).filter((name) => !kept(name)))
      rmSync(join(this.path, name), { recursive: true, force: true });
    this.open();
  }

  secrets(): Secrets {
    const kept = this.#read(Home.SECRETS);
    if (kept) return kept as Secrets;
    const secrets = {
      bootstrapToken: `pd_${randomBytes(32).toString('base64url')}`,
      encryptionKey: randomBytes(32).toString('base64'),
      postgresPassword: randomBytes(24).toString('base64url'),
    };
    this.#replace(Home.SECRETS, secrets);
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

  #open(): void {
    const marker = join(this.path, MARKER);
    const names = existsSync(this.path) ? readdirSync(this.path) : [];
    if (names.length > 0 && !names.includes(MARKER))
      throw new StackError(
        'home_not_ours',
        `${this.path} holds something that is not Postduif's. Set POSTDUIF_HOME to a new or empty folder.`,
      );
    mkdirSync(this.logs, { recursive: true });
    for (const name of ['', ...names]) accessSync(join(this.path, name), constants.R_OK | constants.W_OK);
    writeFileSync(marker, 'Made by npm start. npm start -- --reset deletes everything in this folder.\n');
  }

  #read(name: string): unknown {
    const path = join(this.path, name);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as unknown) : undefined;
  }

  /** Whole or not at all, and for its owner only. */
  #replace(name: string, content: object): void {
    const path = join(this.path, name);
    writeFileSync(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
