import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeOutsideData } from './embedded-postgres.js';
import { Home } from './home.js';
import { stopLeftovers } from './leftovers.js';
import type { Leftover } from './leftovers.js';
import { isAlive } from './process-table.js';

const PREFIX = 'postduif-test-';
const HOME_PREFIX = 'postduif-';

/** The place of a test run, and of the home of every stack that a test starts. */
export class TestFolder {
  private constructor(readonly path: string) {}

  static create(parent = tmpdir()): TestFolder {
    const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
    // As root, PostgreSQL runs as another user, who has to get in.
    chmodSync(path, 0o755);
    return new TestFolder(path);
  }

  /** Removes what runs that were killed have left, processes included. */
  static async sweep(parent = tmpdir()): Promise<Leftover[]> {
    const names = readdirSync(parent).filter((name) => {
      const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
      return pid !== undefined && !isAlive(Number(pid)) && statSync(join(parent, name)).uid === process.getuid?.();
    });
    const folders = names.map((name) => new TestFolder(join(parent, name)));
    return (await Promise.all(folders.map((folder) => folder.remove()))).flat();
  }

  /** Ends what still runs from a home in this folder, and says what that was. */
  async stopLeftovers(): Promise<Leftover[]> {
    return (await Promise.all(this.#homes().map((home) => stopLeftovers(home)))).flat();
  }

  async remove(): Promise<Leftover[]> {
    const left = await this.stopLeftovers();
    for (const home of this.#homes()) await removeOutsideData(home.postgres);
    rmSync(this.path, { recursive: true, force: true });
    return left;
  }

  #homes(): Home[] {
    const names = readdirSync(this.path).filter((name) => name.startsWith(HOME_PREFIX));
    return names.map((name) => new Home(join(this.path, name)));
  }
}

/** A new temporary home: in the folder of the test run if there is one, so that `npm test` finds what a test has left behind. */
export function temporaryHome(parent = process.env.POSTDUIF_TEST_RUN ?? tmpdir()): string {
  const path = mkdtempSync(join(parent, HOME_PREFIX));
  // As root, PostgreSQL runs as another user, who has to get in.
  chmodSync(path, 0o755);
  return path;
}
