import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { TestFolder, temporaryHome } from './test-folder.js';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('the folder of a test run', () => {
  const folder = temporaryFolder();
  const deadPid = async (): Promise<number> => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    return child.pid!;
  };

  it('given runs that were killed, then they are swept away; given one that lives, then it stays', async () => {
    const living = TestFolder.create(folder());
    const killed = TestFolder.create(folder());
    temporaryHome(killed.path);
    renameSync(killed.path, folder(`postduif-test-${await deadPid()}-x`));
    mkdirSync(folder('postduif-test-of-somebody'));

    expect(await TestFolder.sweep(folder())).toEqual([]);

    expect(
      readdirSync(folder())
        .map((name) => folder(name))
        .sort(),
    ).toEqual([living.path, folder('postduif-test-of-somebody')].sort());
  });

  it('when it is removed, then with the homes in it', async () => {
    const run = TestFolder.create(folder());
    temporaryHome(run.path);

    expect(await run.remove()).toEqual([]);
    expect(existsSync(run.path)).toBe(false);
  });
});
