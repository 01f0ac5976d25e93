export function withLock<T>(folder: string, subject: string, work: () => Promise<T>): Promise<T>;
