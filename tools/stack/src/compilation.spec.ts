import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { sourceHash } from '../setup/compilation.mjs';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('the hash over all sources', () => {
  const folder = temporaryFolder();
  const write = (path: string, text = ''): void => {
    mkdirSync(dirname(folder(path)), { recursive: true });
    writeFileSync(folder(path), text);
  };

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
