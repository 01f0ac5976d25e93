import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findJava, javaVersion } from '../setup/java.mjs';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('the version of a Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "21" 2023-09-19', 21],
    ['java version "1.8.0_452"\nJava(TM) SE Runtime Environment', 8],
    ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "25-ea" 2025-09-16', 25],
  ])('given %j, then it is %d', (output, version) => {
    expect(javaVersion(output)).toBe(version);
  });

  it('given what no Java says, then there is none', () => {
    expect(javaVersion('The operation couldn’t be completed. Unable to locate a Java Runtime.')).toBeUndefined();
  });
});

describe('finding a Java', () => {
  const folder = temporaryFolder();
  const install = (home: string, version: string): string => {
    const path = folder(home, 'bin', 'java');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it('given a JAVA_HOME that is new enough, then that one is used', async () => {
    const path = install('new', '21.0.2');

    expect(await findJava({ JAVA_HOME: folder('new'), PATH: '' })).toEqual({ path, version: 21 });
  });

  it('given a JAVA_HOME that is too old or not there, then the one on the PATH is used', async () => {
    install('old', '1.8.0_452');
    install('good', '17.0.1');

    for (const JAVA_HOME of [folder('old'), folder('none')]) {
      const found = await findJava({ JAVA_HOME, PATH: folder('good', 'bin') });
      expect(found.path).toMatch(/java$/);
      expect(found.version).toBe(17);
    }
  });

  it('given only one that is too old, then there is no path, and its version is told', async () => {
    install('old', '11.0.2');

    expect(await findJava({ JAVA_HOME: folder('old'), PATH: folder('old', 'bin') })).toEqual({
      path: undefined,
      version: 11,
    });
  });

  it('given none at all, then there is neither path nor version', async () => {
    expect(await findJava({ PATH: folder() })).toEqual({ path: undefined, version: undefined });
  });
});
