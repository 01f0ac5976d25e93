import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ensureCompiled, sourceHash } from '../setup/compilation.mjs';
import { ROOT } from '../setup/paths.mjs';
import { temporaryFolder } from './testing/temporary-folder.js';

jest.setTimeout(60_000);

const folder = temporaryFolder();
const write = (path: string, text = ''): void => {
  mkdirSync(dirname(folder(path)), { recursive: true });
  writeFileSync(folder(path), text);
};

describe('the hash over all sources', () => {
  beforeEach(() => {
    for (const path of ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json']) write(path);
    for (const project of ['apps/one', 'libs/two', 'tools/three']) {
      write(`${project}/package.json`);
      write(`${project}/tsconfig.json`);
      write(`${project}/src/index.ts`);
      write(`${project}/src/deep/down.ts`);
    }
  });

  it('given no change, then it stays', () => {
    expect(sourceHash(folder())).toBe(sourceHash(folder()));
  });

  it.each<[string, () => void]>([
    [
      'an edited source',
      () => {
        write('libs/two/src/deep/down.ts', 'x');
      },
    ],
    [
      'a source saved again',
      () => {
        utimesSync(folder('apps/one/src/index.ts'), 1, 1);
      },
    ],
    [
      'a new source',
      () => {
        write('tools/three/src/deep/new.ts');
      },
    ],
    [
      'a source that is gone',
      () => {
        rmSync(folder('apps/one/src/deep/down.ts'));
      },
    ],
    [
      'other compiler settings',
      () => {
        write('tsconfig.base.json', '{}');
      },
    ],
    [
      'other packages',
      () => {
        write('package-lock.json', '{}');
      },
    ],
    [
      'a project with other settings',
      () => {
        write('apps/one/tsconfig.json', '{}');
      },
    ],
  ])('given %s, then it differs', (_what, change) => {
    const before = sourceHash(folder());

    change();

    expect(sourceHash(folder())).not.toBe(before);
  });

  it('given changes to what is compiled, or to what the compiler does not read, then it stays', () => {
    const before = sourceHash(folder());

    write('apps/one/dist/index.js', 'x');
    write('README.md', 'x');
    write('tools/notes/readme.txt', 'no project');

    expect(sourceHash(folder())).toBe(before);
  });
});

describe('a service', () => {
  const compiled = () => ensureCompiled(folder(), process.execPath);
  const program = 'apps/one/dist/main.js';
  const run = (...flags: string[]) => spawnSync(process.execPath, [...flags, folder(program)], { encoding: 'utf8' });

  beforeEach(() => {
    const compilerOptions = { module: 'NodeNext', types: [], composite: true, sourceMap: true, rootDir: 'src' };
    const places = { outDir: 'dist/compiled', tsBuildInfoFile: 'dist/tsconfig.tsbuildinfo' };
    write('tsconfig.json', '{ "files": [], "references": [{ "path": "apps/one" }] }');
    write('tsconfig.base.json', '{}');
    write('package-lock.json', '{}');
    write('apps/one/package.json', '{ "type": "module" }');
    write('apps/one/tsconfig.json', JSON.stringify({ compilerOptions: { ...compilerOptions, ...places } }));
    write(
      'apps/one/src/main.ts',
      "import { call } from 'calling';\nimport { speak } from './speak.js';\ncall(speak);\n",
    );
    write('apps/one/src/speak.ts', "export function speak() {\n  console.log('first');\n}\n");
    write('node_modules/calling/package.json', '{ "main": "index.js" }');
    write('node_modules/calling/index.d.ts', 'export function call(what: () => void): void;\n');
    write('node_modules/calling/index.js', '\n\nexports.call = (what) => {\n  what();\n};\n');
    symlinkSync(join(ROOT, 'node_modules', 'typescript'), folder('node_modules', 'typescript'));
  });

  it('when it is compiled, then it is one file with all that it needs', async () => {
    await compiled();

    rmSync(folder('apps/one/dist/compiled'), { recursive: true });
    rmSync(folder('node_modules'), { recursive: true });
    expect(run().stdout).toBe('first\n');
  });

  it('given no change since, then that file stays as it is', async () => {
    await compiled();
    write(program, "console.log('untouched')");

    await compiled();

    expect(run().stdout).toBe('untouched\n');
  });

  it.each<[string, () => void]>([
    [
      'a source that has changed',
      () => {
        write('apps/one/src/speak.ts', "export const speak = (): void => console.log('second');\n");
      },
    ],
    [
      'another version of a package',
      () => {
        write('node_modules/calling/index.js', "exports.call = () => console.log('second');\n");
        write('package-lock.json', '{ }');
      },
    ],
  ])('given %s, then that file is made again', async (_, change) => {
    await compiled();
    change();

    await compiled();

    expect(run().stdout).toBe('second\n');
  });

  it('when it fails, then the trace names its sources, and packages where they are in that file', async () => {
    write('apps/one/src/speak.ts', "export function speak() {\n  throw new Error('mute');\n}\n");
    await compiled();

    const places = [...run('--enable-source-maps').stderr.matchAll(/^ +at .*(apps\/one\/.*?)(?::\d+)?\)?$/gm)];
    expect(places.map(([, place]) => place)).toEqual([
      'apps/one/src/speak.ts:2',
      expect.stringMatching(/^apps\/one\/dist\/main\.js:\d+$/),
      'apps/one/src/main.ts:3',
    ]);
  });
});
