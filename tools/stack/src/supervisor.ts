import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Home } from './home.js';
import { LogFile } from './log-file.js';
import type { LogNews } from './log-file.js';
import type { ProcessDefinition } from './process-definition.js';
import { RestartPause } from './restart-pause.js';
import { StackError } from './stack-error.js';
import { SupervisedProcess } from './supervised-process.js';
import type { Say } from './supervised-process.js';

export interface SupervisorOptions {
  readonly home: Home;
  /** Told what happens to the processes. */
  readonly say: Say;
  /** Given what the processes log, a few times a second. */
  readonly show?: (process: ProcessDefinition, news: LogNews) => void;
  /** A pause of its own for each process. */
  readonly pause?: () => RestartPause;
}

const POLL_MS = 200;
const FIRST_PROGRESS_MS = 5_000;

/** Keeps the processes of a stack running, and `processes.json` and the logs current. */
export class Supervisor {
  readonly #processes = new Map<string, SupervisedProcess>();
  readonly #logs = new Map<string, LogFile>();
  readonly #poll: NodeJS.Timeout;
  #stopped: Promise<void> | undefined;
  /** However this process ends, the others end too, if it is given the time. */
  readonly #killAll = (): void => {
    for (const supervised of this.#processes.values()) supervised.forceStop();
  };

  constructor(private readonly options: SupervisorOptions) {
    this.#poll = setInterval(() => {
      this.#readLogs();
    }, POLL_MS);
    this.#poll.unref();
    process.on('exit', this.#killAll);
  }

  /** Starts programs side by side and waits until all are ready. Rejects with `StackError` when one cannot be. */
  async start(definitions: readonly ProcessDefinition[], timeoutMs = 120_000): Promise<void> {
    if (this.#stopped) throw new StackError('stopped', 'The stack is being stopped.');
    const started = definitions.map((definition) => this.#add(definition));
    for (const process of started) process.start();
    const all = Promise.all(started.map((process) => process.whenReady(timeoutMs)));
    const done = new AbortController();
    void this.#progress(started, done.signal);
    await all.finally(() => {
      done.abort();
    });
  }

  /** Throws `StackError` for an unknown name. */
  process(name: string): SupervisedProcess {
    const process = this.#processes.get(name);
    if (!process)
      throw new StackError(
        'stopped',
        `There is no process ${name}; there are ${[...this.#processes.keys()].join(', ')}.`,
      );
    return process;
  }

  /** Process ids of what runs now, by name. */
  pids(): Record<string, number> {
    const entries = [...this.#processes.values()].map(({ name, pid }): [string, number | undefined] => [name, pid]);
    return Object.fromEntries(entries.filter((entry): entry is [string, number] => entry[1] !== undefined));
  }

  /** Stops everything, stage by stage. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    const all = [...this.#processes.values()];
    const stages = [...new Set(all.map(({ definition }) => definition.stopStage))].sort((a, b) => a - b);
    for (const stage of stages)
      await Promise.all(
        all.filter(({ definition }) => definition.stopStage === stage).map((process) => process.stop()),
      );
    clearInterval(this.#poll);
    this.#readLogs();
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
    process.off('exit', this.#killAll);
  }

  #add(definition: ProcessDefinition): SupervisedProcess {
    const log = new LogFile(join(this.options.home.logs, `${definition.name}.log`));
    const process = new SupervisedProcess({
      definition,
      log,
      say: this.options.say,
      pause: this.options.pause?.() ?? new RestartPause(),
      changed: () => {
        this.#writeProcesses();
      },
    });
    this.#logs.set(definition.name, log);
    this.#processes.set(definition.name, process);
    return process;
  }

  #writeProcesses(): void {
    this.options.home.writeProcesses(this.pids());
  }

  #readLogs(): void {
    for (const [name, log] of this.#logs) {
      const news = log.poll();
      if (news.lines.length > 0) this.options.show?.(this.process(name).definition, news);
    }
  }

  /** Says what a slow start waits for, after 5 s, 10 s more, 20 s more … */
  async #progress(processes: readonly SupervisedProcess[], done: AbortSignal): Promise<void> {
    for (let pause = FIRST_PROGRESS_MS; ; pause *= 2) {
      await delay(pause, undefined, { signal: done }).catch(() => undefined);
      if (done.aborted) return;
      const waiting = processes.filter(({ isReady }) => !isReady).map(({ name }) => name);
      this.options.say(`still waiting for ${waiting.join(', ')}`);
    }
  }
}
