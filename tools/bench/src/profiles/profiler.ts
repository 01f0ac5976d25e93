import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuProfile } from './cpu-profile.js';

/** A process to profile. */
export interface Profiled {
  readonly name: string;
  /** Where its inspector listens (`node --inspect`). */
  readonly port: number;
}

interface Reply {
  readonly id: number;
  readonly result?: { readonly profile?: CpuProfile };
  readonly error?: { readonly message: string };
}

const SAMPLING_MICROSECONDS = 500;

/** Takes CPU profiles of running processes, over their inspectors. */
export class Profiler {
  #sessions: { readonly name: string; readonly inspector: Inspector }[] = [];

  constructor(private readonly processes: readonly Profiled[]) {}

  /** From now on. Profiles begun before are dropped. */
  async start(): Promise<void> {
    for (const { inspector } of this.#sessions) inspector.close();
    this.#sessions = await Promise.all(
      this.processes.map(async ({ name, port }) => ({ name, inspector: await Inspector.connect(port) })),
    );
    for (const { inspector } of this.#sessions) {
      await inspector.ask('Profiler.enable');
      await inspector.ask('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
      await inspector.ask('Profiler.start');
    }
  }

  /** Until now: `<process>.cpuprofile` in the folder. A process that has died since the start has none. */
  async finish(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    for (const { name, inspector } of this.#sessions.filter(({ inspector }) => inspector.isOpen)) {
      const { profile } = await inspector.ask('Profiler.stop');
      writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile));
      inspector.close();
    }
    this.#sessions = [];
  }
}

/** A connection to the inspector of a process, which speaks the protocol of Chromium's developer tools. */
class Inspector {
  readonly #waiting = new Map<number, PromiseWithResolvers<NonNullable<Reply['result']>>>();
  #asked = 0;

  static async connect(port: number): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [target] = (await response.json()) as { webSocketDebuggerUrl: string }[];
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    return new Inspector(socket);
  }

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      const { id, result, error } = JSON.parse(String(data)) as Reply;
      if (error === undefined) this.#waiting.get(id)?.resolve(result ?? {});
      else this.#waiting.get(id)?.reject(new Error(error.message));
      this.#waiting.delete(id);
    });
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process has gone'));
      this.#waiting.clear();
    });
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  ask(method: string, params: object = {}): Promise<NonNullable<Reply['result']>> {
    const id = ++this.#asked;
    const answer = Promise.withResolvers<NonNullable<Reply['result']>>();
    this.#waiting.set(id, answer);
    this.socket.send(JSON.stringify({ id, method, params }));
    return answer.promise;
  }

  close(): void {
    this.socket.close();
  }
}
