import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { SetupError, step } from './progress.mjs';

/** Installs the packages of the lock file unless exactly these are installed. */
export async function ensurePackages(root) {
  const stamp = join(root, 'node_modules', '.postduif-packages');
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (read(stamp) === hash) return;
  if (!isInstalled(root))
    await step('Installing packages (npm ci; the first time may take some minutes)', () => install(root));
  writeFileSync(stamp, hash);
}

async function install(root) {
  const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
  if (code !== 0) throw new SetupError(`npm ci failed (exit code ${code}). It said:\n\n${output}`);
}

function isInstalled(root) {
  const installed = read(join(root, 'node_modules', '.package-lock.json'));
  return installed !== undefined && holdsAll(JSON.parse(read(join(root, 'package-lock.json'))), JSON.parse(installed));
}

/** Whether all packages that a lock file demands are in npm's record of what it installed, in the same versions. */
export function holdsAll(wanted, installed) {
  return Object.entries(wanted.packages).every(([path, { version, link, optional, peer }]) => {
    if (path === '' || optional || peer) return true;
    const found = installed.packages[path];
    return found !== undefined && found.version === version && Boolean(found.link) === Boolean(link);
  });
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
