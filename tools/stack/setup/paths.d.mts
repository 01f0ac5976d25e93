export const ROOT: string;
export function cacheFolder(environment?: NodeJS.ProcessEnv, platform?: NodeJS.Platform, home?: string): string;
export function ensureCacheFolder(folder?: string): string;
