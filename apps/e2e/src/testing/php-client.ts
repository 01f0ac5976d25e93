import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../src/testing/copernica-client.php', import.meta.url));

/** A call as the script takes it. Without `data`, `form` and `body` it has no body. */
export interface PhpCall {
  readonly method: string;
  readonly path: string;
  /** Goes into the address; null: none. Default: the token of the client. */
  readonly token?: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: readonly string[];
  /** Sent as JSON. An empty list is sent too, as `[]`. */
  readonly data?: unknown;
  /** Sent as PHP's `http_build_query` writes it. */
  readonly form?: Readonly<Record<string, unknown>>;
  /** Sent as it is. */
  readonly body?: string;
}

export interface PhpAnswer {
  /** 0: no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the vendor's class would give to its user. */
  readonly returned: unknown;
}

export function hasPhp(): boolean {
  try {
    execFileSync('php', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A client of the API that is written in PHP, as a customer's would be. One call at a time. */
export class PhpClient {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(
    private readonly base: string,
    private readonly token: string,
  ) {
    this.#process = spawn('php', [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#process.stdout === null) throw new Error('php has no output');
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async call(call: PhpCall): Promise<PhpAnswer> {
    this.#process.stdin?.write(`${JSON.stringify({ base: this.base, token: this.token, ...call })}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('php has ended');
    return JSON.parse(line.value) as PhpAnswer;
  }

  stop(): void {
    this.#process.stdin?.end();
  }
}
