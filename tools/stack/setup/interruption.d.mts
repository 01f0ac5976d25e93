export const stopping: AbortSignal;
export function interrupt(): void;
