export const LEAST_JAVA: number;
export function javaVersion(output: string): number | undefined;
export function findJava(
  environment?: NodeJS.ProcessEnv,
): Promise<{ readonly path: string | undefined; readonly version: number | undefined }>;
