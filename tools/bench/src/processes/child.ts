import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, AnswerOf, ArgumentOf, Commands, Question } from './commands.js';

/** A process of the benchmark's own, which does what it is asked. */
export class Child<C extends Commands> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #asked = 0;

  /** `script` is next to the caller, whose `import.meta.url` is `base`. */
  constructor(
    private readonly name: string,
    script: string,
    base: string,
  ) {
    // What was loaded into this process to watch its own parent is not for its children.
    this.#process = fork(fileURLToPath(new URL(script, base)), { serialization: 'advanced', execArgv: [] });
    this.#process.on('message', (answer: Answer) => {
      this.#answered(answer);
    });
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the ${this.name} process ended (${signal ?? code ?? ''})`));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  ask<N extends keyof C & string>(name: N, argument: ArgumentOf<C, N>): Promise<AnswerOf<C, N>> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#process.send({ id, name, argument } satisfies Question, (error) => {
        if (error) reject(new Error(`the ${this.name} process cannot be asked`, { cause: error }));
      });
    });
  }

  /** It ends by itself when nobody can ask any more. */
  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(`the ${this.name} process: ${answer.error}`));
    else waiting?.resolve(answer.value);
  }
}
