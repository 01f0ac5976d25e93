import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogFile } from './log-file.js';
import { LEVELS, toLogLine } from './log-line.js';
import type { ProcessDefinition } from './process-definition.js';
import { signalProcess } from './process-table.js';
import type { RestartPause } from './restart-pause.js';
import { StackError } from './stack-error.js';

/** What happens to a process, in words for a person. */
export type Say = (text: string) => void;

export interface SupervisedProcessOptions {
  readonly definition: ProcessDefinition;
  readonly log: LogFile;
  readonly say: Say;
  /** Called whenever the process id has changed. */
  readonly changed: () => void;
  readonly pause: RestartPause;
}

const READY_POLL_MS = 100;
/** So often a process may die before it was ever ready. */
const MOST_FAILED_STARTS = 3;

/** Keeps one program running: starts it, learns when it is ready, starts it again when it dies. */
export class SupervisedProcess {
  #child: ChildProcess | undefined;
  #ready = false;
  #wasReady = false;
  #missing = 'has not been started';
  #hopeless: string | undefined;
  #failedStarts = 0;
  #held = false;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly options: SupervisedProcessOptions) {}

  get name(): string {
    return this.options.definition.name;
  }

  get definition(): ProcessDefinition {
    return this.options.definition;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isReady(): boolean {
    return this.#ready;
  }

  /** Begins to keep the program running. */
  start(): void {
    this.#stopping = new AbortController();
    this.#running = this.#keepRunning(this.#stopping.signal);
  }

  /** Resolves when the process is ready; rejects when it dies again and again without ever having been, or after `timeoutMs`. */
  async whenReady(timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#ready) {
      if (this.#stopping.signal.aborted)
        throw new StackError('stopped', `${this.name} was stopped before it was ready.`);
      if (this.#hopeless !== undefined) throw this.#failure(this.#hopeless);
      if (Date.now() > deadline) throw this.#failure(`is not ready after ${timeoutMs / 1000} s (${this.#missing})`);
      await delay(READY_POLL_MS);
    }
  }

  /** From now on the process is not started again when it dies. */
  hold(): void {
    this.#held = true;
  }

  /** Ends `hold`: a process that has died meanwhile is started. */
  release(): void {
    this.#held = false;
  }

  kill(signal: NodeJS.Signals): number {
    const pid = this.pid;
    if (pid === undefined) throw new StackError('stopped', `${this.name} does not run.`);
    signalProcess(pid, signal);
    // Known before the system tells us, so that whoever waits for readiness now waits for the next process.
    if (signal === 'SIGKILL') this.#ready = false;
    return pid;
  }

  /** Ends the process gracefully, or by force when that takes too long. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const { stopSignal, stopTimeoutMs } = this.definition;
    if (this.pid !== undefined) signalProcess(this.pid, stopSignal);
    const tooLong = setTimeout(() => {
      this.options.say(`${this.name} did not stop within ${stopTimeoutMs / 1000} s and is killed`);
      this.forceStop();
    }, stopTimeoutMs);
    await this.#running.finally(() => {
      clearTimeout(tooLong);
    });
  }

  /** Ends the process and what it has started at once. */
  forceStop(): void {
    this.#stopping.abort();
    // Each child leads a process group of its own.
    if (this.pid !== undefined && !signalProcess(-this.pid, 'SIGKILL')) signalProcess(this.pid, 'SIGKILL');
  }

  async #keepRunning(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const begin = performance.now();
      const end = await this.#runOnce(stop);
      if (isAborted(stop)) return;
      this.#judge(end);
      if (this.#hopeless !== undefined) return;
      const pause = this.options.pause.after(performance.now() - begin);
      this.options.say(
        `${this.name} ${end.text}; ${this.#held ? 'it is not started again yet' : `starting it again in ${pause / 1000} s`}`,
      );
      await this.#rest(pause, stop);
    }
  }

  /** A process that never was ready and has no hope of it makes the start of the stack fail. */
  #judge(end: Exit): void {
    if (this.#wasReady) return;
    this.#failedStarts += 1;
    const hopeless = this.definition.hopelessExitCodes?.includes(end.code ?? -1) === true;
    if (hopeless || this.#failedStarts >= MOST_FAILED_STARTS) this.#hopeless = end.text;
  }

  async #rest(pause: number, stop: AbortSignal): Promise<void> {
    // An aborted pause is over, nothing more.
    const sleep = (ms: number): Promise<void> => delay(ms, undefined, { signal: stop }).catch(() => undefined);
    await sleep(pause);
    while (this.#held && !stop.aborted) await sleep(READY_POLL_MS);
  }

  async #runOnce(stop: AbortSignal): Promise<Exit> {
    try {
      await this.definition.prepare?.();
    } catch (error) {
      return { code: undefined, text: `could not be prepared: ${describe(error)}` };
    }
    if (stop.aborted) return { code: undefined, text: 'was stopped' };
    const child = this.#spawn();
    const exit = exitOf(child);
    const alive = new AbortController();
    const watching = this.#watchReadiness(alive.signal);
    const end = await exit;
    alive.abort();
    this.#child = undefined;
    this.#ready = false;
    this.#missing = end.text;
    this.options.changed();
    await watching;
    return end;
  }

  #spawn(): ChildProcess {
    const { command, args, env, cwd, user } = this.definition;
    const child = spawn(command, args, {
      // Errors of the runtime itself come as plain text: they pass through us to become JSON.
      stdio: ['ignore', this.definition.levelOf ? 'pipe' : this.options.log.descriptor, 'pipe'],
      env: { ...env },
      // A process group of its own: Ctrl-C reaches only us, and we stop everything in order.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
      ...user,
    });
    this.#child = child;
    this.#missing = 'is starting';
    for (const stream of [child.stdout, child.stderr]) if (stream) this.#keepLines(stream);
    this.options.changed();
    return child;
  }

  #keepLines(stream: Readable): void {
    const { levelOf } = this.definition;
    createInterface({ input: stream }).on('line', (line) => {
      this.options.log.append(toLogLine(line, this.name, levelOf?.(line) ?? LEVELS.error, new Date()));
    });
  }

  async #watchReadiness(alive: AbortSignal): Promise<void> {
    while (!alive.aborted) {
      const state = await this.definition.ready().catch(describe);
      if (isAborted(alive)) return;
      if (state === true) {
        if (this.#wasReady) this.options.say(`${this.name} is ready again`);
        this.#ready = true;
        this.#wasReady = true;
        this.options.changed();
        return;
      }
      this.#missing = state;
      await delay(READY_POLL_MS, undefined, { signal: alive }).catch(() => undefined);
    }
  }

  #failure(text: string): StackError {
    return new StackError('did_not_start', `${this.name} ${text}. Its log: ${this.options.log.path}`);
  }
}

interface Exit {
  readonly code: number | undefined;
  readonly text: string;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: undefined, text: `could not be started: ${error.message}` });
    });
    child.once('exit', (code, signal) => {
      resolve({
        code: code ?? undefined,
        text: signal ? `was ended by ${signal}` : `ended with exit code ${code ?? 0}`,
      });
    });
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The compiler takes a signal that was not aborted before an `await` for one that never will be. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
