import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child.mjs';
import { ROOT } from './paths.mjs';
import { SetupError, step } from './progress.mjs';

const GROUPS = ['apps', 'libs', 'tools'];
const BUNDLE = join(ROOT, 'tools', 'stack', 'setup', 'bundle.mjs');

/** Compiles everything, and bundles the services, unless no source has changed since the last time. */
export async function ensureCompiled(root, node) {
  const stamp = join(root, 'node_modules', '.postduif-build');
  const hash = sourceHash(root);
  if (isCompiled(root) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  await step('Compiling (tsc -b)', async () => {
    const { code, output } = await run(node, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root });
    if (code !== 0) throw new SetupError(`The TypeScript compiler found mistakes:\n\n${output}`);
  });
  await step('Bundling the services (esbuild)', async () => {
    const { code, output } = await run(node, [BUNDLE], { cwd: root });
    if (code !== 0) throw new SetupError(`The services cannot be bundled:\n\n${output}`);
  });
  writeFileSync(stamp, hash);
}

/** A hash over names, sizes and times of all that compiler and bundler read: cheap, and different after any edit. */
export function sourceHash(root) {
  const hash = createHash('sha256').update(readFileSync(BUNDLE));
  const add = (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  };
  ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'].forEach(add);
  for (const project of projects(root)) {
    ['package.json', 'tsconfig.json'].map((name) => join(project, name)).forEach(add);
    filesUnder(root, join(project, 'src')).forEach(add);
  }
  return hash.digest('hex');
}

function projects(root) {
  return GROUPS.flatMap((group) => list(join(root, group)).map(({ name }) => join(group, name))).filter((project) =>
    existsSync(join(root, project, 'tsconfig.json')),
  );
}

function isCompiled(root) {
  return projects(root).every((project) => existsSync(join(root, project, 'dist', 'tsconfig.tsbuildinfo')));
}

function filesUnder(root, folder) {
  return list(join(root, folder)).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(root, join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function list(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}
