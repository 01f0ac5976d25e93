/** What a process does when it is asked: a name and one argument, answered with a value or a promise of one. */
export type Commands = Record<string, (argument: never) => unknown>;

export type ArgumentOf<C extends Commands, N extends keyof C> = Parameters<C[N]>[0];
export type AnswerOf<C extends Commands, N extends keyof C> = Awaited<ReturnType<C[N]>>;

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

/** In a child process: answers its parent until that is gone. */
export function serveCommands(commands: Commands): void {
  process.on('message', (question: Question) => {
    void answer(commands, question).then((given) => process.send?.(given));
  });
  process.once('disconnect', () => process.exit());
  // Ctrl-C reaches the whole group; the parent decides when we end.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
}

async function answer(commands: Commands, { id, name, argument }: Question): Promise<Answer> {
  try {
    const command = commands[name];
    if (command === undefined) throw new Error(`there is no command ${name}`);
    return { id, value: await command(argument as never) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
