import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cacheFolder, ensureCacheFolder, ROOT } from '../setup/paths.mjs';
import { SetupError } from '../setup/progress.mjs';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('the folder of what is downloaded once', () => {
  const folder = temporaryFolder();

  it('given Linux, then it is in the cache of the user', () => {
    expect(cacheFolder({}, 'linux', '/home/ann')).toBe('/home/ann/.cache/postduif');
  });

  it('given Linux with XDG_CACHE_HOME, then it is there', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/cache' }, 'linux', '/home/ann')).toBe('/cache/postduif');
  });

  it('given macOS, then it is where macOS keeps caches', () => {
    expect(cacheFolder({}, 'darwin', '/Users/ann')).toBe('/Users/ann/Library/Caches/postduif');
  });

  it('given POSTDUIF_CACHE, then that wins everywhere', () => {
    for (const platform of ['linux', 'darwin'] as const)
      expect(cacheFolder({ POSTDUIF_CACHE: '/mine', XDG_CACHE_HOME: '/cache' }, platform, '/home/ann')).toBe('/mine');
  });

  it('given an empty variable, then it counts as absent', () => {
    expect(cacheFolder({ POSTDUIF_CACHE: '', XDG_CACHE_HOME: '' }, 'linux', '/home/ann')).toBe(
      '/home/ann/.cache/postduif',
    );
  });

  it('given that it is not there, then it is made', () => {
    expect(ensureCacheFolder(folder('a', 'b'))).toBe(folder('a', 'b'));
    expect(existsSync(folder('a', 'b'))).toBe(true);
  });

  it('given that it cannot be made, then the setting is named', () => {
    writeFileSync(folder('file'), '');

    const ensure = (): unknown => ensureCacheFolder(folder('file', 'cache'));

    expect(ensure).toThrow(SetupError);
    expect(ensure).toThrow(/cannot be used \(ENOTDIR\)\. Set POSTDUIF_CACHE/);
  });

  it('is outside the checkout', () => {
    expect(cacheFolder().startsWith(join(ROOT, '/'))).toBe(false);
  });
});
