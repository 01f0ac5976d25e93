export function startOf(pid: number): string | undefined;
