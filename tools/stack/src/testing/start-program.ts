import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../../setup/paths.mjs';
import { PORT_SETTINGS } from '../ports.js';
import type { StackPorts } from '../ports.js';
import { until } from './until.js';

const START_TIMEOUT_MS = 120_000;

/** `npm start` as a process of its own: what npm runs, or the supervisor alone, without set-up. */
export class StartProgram {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #output = '';

  constructor(what: 'run.mjs' | 'supervisor', settings: { readonly home: string; readonly ports: StackPorts }) {
    const run = [join(ROOT, 'tools', 'stack', 'run.mjs'), 'start'];
    const supervisor = [join(ROOT, 'tools', 'stack', 'dist', 'start.js')];
    const ports = Object.entries(PORT_SETTINGS).map(([part, { setting }]) => [
      setting,
      String(settings.ports[part as keyof StackPorts]),
    ]);
    const { KAFKA_BROKERS: _brokers, DATABASE_URL: _url, ...environment } = process.env;
    this.#child = spawn(process.execPath, what === 'run.mjs' ? run : supervisor, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, POSTDUIF_HOME: settings.home, ...(Object.fromEntries(ports) as Record<string, string>) },
    });
    this.#exit = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** All that it has written, lines of logs included. */
  get output(): string {
    return this.#output;
  }

  async ready(): Promise<void> {
    const ended = (): boolean => this.#child.exitCode !== null;
    await until(
      () => ended() || this.#output.includes('Postduif is ready'),
      'npm start says that it is ready',
      START_TIMEOUT_MS,
    );
    if (ended()) throw new Error(`It has ended:\n${this.#output}`);
  }

  /** Sends a signal and waits for the end; resolves to the exit code, or to null when a signal ended it. */
  async end(signal: NodeJS.Signals): Promise<unknown> {
    this.#child.kill(signal);
    const [code] = await this.#exit;
    return code;
  }
}
