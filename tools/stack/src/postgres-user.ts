import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StackError } from './stack-error.js';

/** Whom PostgreSQL runs as, and where its program and data are. */
export interface PostgresPlace {
  /** Absent when we are not root: PostgreSQL runs as we do. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Folder with `bin`, `lib` and `share`. */
  readonly program: string;
  readonly data: string;
}

/** For root whose files others may not read (a checkout under /root): the only place outside the home that anything is written to. */
const OUTSIDE = '/var/lib/postduif';

/**
 * PostgreSQL refuses to run as root. Then it runs as the user `postgres` if there is one, else as `nobody`; no user is made. Where
 * that user cannot reach the program or the data, both are in /var/lib/postduif. Creates the data's folder.
 */
export function postgresPlace(program: string, data: string, isRoot = process.getuid?.() === 0): PostgresPlace {
  if (!isRoot) {
    mkdirSync(data, { recursive: true });
    return { program, data };
  }
  const outside = outsideData(data);
  const user = ownerOf(data) ?? ownerOf(outside) ?? findUser();
  mkdirSync(data, { recursive: true });
  const reachesData = canEnter(user, data);
  const place = {
    user,
    program: canRun(user, program) ? program : copyProgram(program),
    data: reachesData ? data : outside,
  };
  if (!reachesData) mkdirSync(place.data, { recursive: true });
  chownSync(place.data, user.uid, user.gid);
  return place;
}

/** Where the data of a home is when it cannot be in it. */
export function outsideData(data: string): string {
  return join(OUTSIDE, createHash('sha256').update(data).digest('hex').slice(0, 16));
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Data keeps its owner, also when a user `postgres` has appeared meanwhile. */
function ownerOf(data: string): User | undefined {
  if (!existsSync(data)) return undefined;
  const { uid, gid } = statSync(data);
  return uid === 0 ? undefined : { uid, gid };
}

function findUser(): User {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => {
      const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
      return status === 0 ? Number(stdout) : undefined;
    });
    // macOS numbers nobody -2, which is the same in 32 bits without sign.
    if (uid !== undefined && gid !== undefined) return { uid: uid >>> 0, gid: gid >>> 0 };
  }
  throw new StackError(
    'postgres_user_missing',
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as. Run this as another user, ' +
      'or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

function canEnter(user: User, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

function canRun(user: User, program: string): boolean {
  const test = 'cd "$0/share" && "$0/bin/postgres" --version';
  return spawnSync('/bin/sh', ['-c', test, program], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

function copyProgram(program: string): string {
  const target = join(OUTSIDE, `program-${basename(dirname(program))}-${versionOf(dirname(program))}`);
  if (existsSync(target)) return target;
  const temporary = `${target}.new-${process.pid}`;
  mkdirSync(OUTSIDE, { recursive: true });
  chmodSync(OUTSIDE, 0o755);
  cpSync(program, temporary, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', temporary]);
  if (existsSync(target)) rmSync(temporary, { recursive: true });
  else renameSync(temporary, target);
  return target;
}

function versionOf(packageFolder: string): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return version;
}
