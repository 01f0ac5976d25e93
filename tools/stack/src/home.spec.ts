import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Home } from './home.js';
import { StackError } from './stack-error.js';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('a home', () => {
  const folder = temporaryFolder();
  const opened = (): Home => {
    const home = new Home(folder('home'));
    home.open();
    return home;
  };
  const failure = (work: () => unknown): StackError => {
    try {
      work();
    } catch (error) {
      if (error instanceof StackError) return error;
      throw error;
    }
    throw new Error('nothing was refused');
  };
  const modeOf = (name: string): number => statSync(folder('home', name)).mode & 0o777;

  it('given a path that is not there, then it is made, and may be opened again', () => {
    opened();
    opened();

    expect(existsSync(folder('home', 'logs'))).toBe(true);
  });

  it('given an empty folder, then it becomes a home', () => {
    mkdirSync(folder('home'));

    expect(existsSync(opened().logs)).toBe(true);
  });

  it('given a folder of somebody else, then it is refused and left as it is', () => {
    mkdirSync(folder('home'));
    writeFileSync(folder('home', 'thesis.txt'), 'precious');

    expect(failure(opened).code).toBe('home_not_ours');
    expect(readdirSync(folder('home'))).toEqual(['thesis.txt']);
  });

  it('given a path that cannot be one, then the setting is named', () => {
    writeFileSync(folder('file'), '');

    const { code, message } = failure(() => {
      new Home(folder('file', 'home')).open();
    });

    expect(code).toBe('home_unusable');
    expect(message).toMatch(/cannot be used \(ENOTDIR.*set POSTDUIF_HOME to another folder/);
  });

  it('given a home in which something cannot be read, then that is said before anything is done', () => {
    opened();
    symlinkSync('secrets.json', folder('home', 'secrets.json'));

    const { code, message } = failure(opened);

    expect(code).toBe('home_unusable');
    expect(message).toMatch(/secrets\.json.*Run this as the user that it belongs to/);
  });

  it('when secrets are asked for, then they are made once, at random, and only the owner reads them', () => {
    const secrets = opened().secrets();

    expect(opened().secrets()).toEqual(secrets);
    expect(new Set(Object.values(secrets)).size).toBe(3);
    expect(secrets.bootstrapToken).toMatch(/^pd_[\w-]{43}$/);
    expect(Buffer.from(secrets.encryptionKey, 'base64')).toHaveLength(32);
    expect(modeOf('secrets.json')).toBe(0o600);
  });

  it('when credentials are written, then only the owner reads them, whatever was there', () => {
    const home = opened();
    writeFileSync(home.credentials, 'old');
    chmodSync(home.credentials, 0o644);
    const credentials = { api: 'http://a', ingest: 'http://b', token: 'pd_x', account: '1', brokers: ['c:1'] };

    home.writeCredentials(credentials);

    expect(JSON.parse(readFileSync(home.credentials, 'utf8'))).toEqual(credentials);
    expect(modeOf('credentials.json')).toBe(0o600);
  });

  it('when processes are written, then they are read again; before, there are none', () => {
    const home = opened();

    expect(home.processes()).toEqual({});
    home.writeProcesses({ kafka: 4711 });
    expect(home.processes()).toEqual({ kafka: 4711 });
  });

  it('when it is reset, then all is gone but who supervises it and what is to be kept', () => {
    const home = opened();
    home.claim();
    home.secrets();
    home.writeProcesses({ kafka: 1 });
    for (const name of ['kafka', 'postgres']) mkdirSync(join(home.path, name, 'data'), { recursive: true });
    writeFileSync(join(home.logs, 'kafka.log'), 'x');

    home.reset(['secrets.json']);
    expect(readdirSync(home.path).sort()).toEqual(['logs', 'postduif-home', 'secrets.json', 'supervisor.1']);
    expect(readdirSync(home.logs)).toEqual([]);

    home.reset();
    expect(readdirSync(home.path).sort()).toEqual(['logs', 'postduif-home', 'supervisor.1']);
  });

  it('given one that is supervised, then nobody else may, and is told whom to stop; given the end of it, then somebody may', () => {
    const release = opened().claim();

    const { code, message } = failure(() => opened().claim());
    expect(code).toBe('already_running');
    expect(message).toMatch(new RegExp(`already runs from ${folder('home')} \\(process ${process.pid}\\)`));

    release();
    expect(opened().claim()).toBeInstanceOf(Function);
  });
});
