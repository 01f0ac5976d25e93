import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from '@jest/globals';

/** A new folder for each test of a file, removed when all have ended; a function that tells the path of something in it. */
export function temporaryFolder(): (...names: readonly string[]) => string {
  const folders: string[] = [];
  beforeEach(() => {
    folders.push(mkdtempSync(join(tmpdir(), 'stack-spec-')));
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  return (...names) => join(folders.at(-1) ?? '', ...names);
}
