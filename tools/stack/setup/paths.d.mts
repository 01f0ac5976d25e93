export const ROOT: string;
export function cacheFolder(environment?: NodeJS.ProcessEnv, platform?: NodeJS.Platform, home?: string): string;
