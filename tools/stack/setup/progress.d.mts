export class SetupError extends Error {}
export function step<T>(text: string, work: () => Promise<T>): Promise<T>;
export function note(text: string): void;
