export function run(
  command: string,
  args: readonly string[],
  options?: import('node:child_process').SpawnOptions,
): Promise<{ readonly code: number; readonly output: string }>;
