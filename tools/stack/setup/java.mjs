import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';

export const LEAST_JAVA = 17;

/** The major version in what `java -version` writes, or undefined. `1.8.0_452` is 8. */
export function javaVersion(output) {
  const found = /version "(?:1\.)?(\d+)/.exec(output);
  return found ? Number(found[1]) : undefined;
}

/**
 * The Java to use: `JAVA_HOME`, what macOS has registered, or the one on the PATH; the first that is new enough. Resolves to
 * `{ path, version }`, with an undefined path (and the newest version seen, if any) when there is none.
 */
export async function findJava(environment = process.env) {
  let best;
  for (const path of await candidates(environment)) {
    const { code, output } = await run(path, ['-version'], { env: environment });
    const version = code === 0 ? javaVersion(output) : undefined;
    if (version >= LEAST_JAVA) return { path, version };
    if (version > (best ?? 0)) best = version;
  }
  return { path: undefined, version: best };
}

async function candidates(environment) {
  const found = [];
  if (environment.JAVA_HOME) found.push(join(environment.JAVA_HOME, 'bin', 'java'));
  if (process.platform === 'darwin') {
    // /usr/bin/java of macOS is a stub that opens a dialogue when no Java is installed: ask for a registered one first.
    const { code, output } = await run('/usr/libexec/java_home', ['-v', `${LEAST_JAVA}+`]);
    if (code === 0) found.push(join(output.trim(), 'bin', 'java'));
    const folders = (environment.PATH ?? '').split(':').filter((folder) => folder !== '' && folder !== '/usr/bin');
    const brewed = ['/opt/homebrew/opt/openjdk/bin', '/usr/local/opt/openjdk/bin'];
    found.push(...[...folders, ...brewed].map((folder) => join(folder, 'java')));
    return found.filter((path) => existsSync(path));
  }
  return [...found, 'java'];
}
