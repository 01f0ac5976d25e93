import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The compiled service as a process of its own, as it runs in production. */
export class RunningService {
  readonly token = `pd_${randomBytes(16).toString('hex')}`;
  /** Everything that it has logged. */
  output = '';
  base = '';
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown[]>;

  constructor(settings: Readonly<Record<string, string | undefined>>) {
    this.#process = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        HOST: '127.0.0.1',
        PORT: '0',
        ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        SIGNING_DOMAIN: 'example.org',
        SIGNING_DNS_CHECK: 'off',
        INGEST_URL: 'http://127.0.0.1:9',
        HISTORY_URL: 'http://127.0.0.1:9',
        BOOTSTRAP_ACCOUNT: '1234',
        BOOTSTRAP_TOKEN: this.token,
        ...settings,
      },
    });
    this.#exit = once(this.#process, 'exit');
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  async listens(): Promise<void> {
    this.base = await until(() => /"address":"([^"]+)"/.exec(this.output)?.[1], 'the service to listen');
  }

  call(method: string, path: string, body?: string): Promise<Response> {
    return fetch(this.base + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Asks it to stop, and answers its exit code. */
  async stop(): Promise<unknown> {
    this.#process.kill('SIGTERM');
    const [code] = await this.#exit;
    return code;
  }
}
