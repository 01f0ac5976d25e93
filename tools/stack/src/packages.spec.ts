import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { holdsAll } from '../setup/packages.mjs';
import { ROOT } from '../setup/paths.mjs';

type Lock = Parameters<typeof holdsAll>[0];

const wanted: Lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/zod': { version: '4.1.0' },
    'node_modules/@postduif/stack': { link: true },
    'tools/stack': { version: '0.1.0' },
    'node_modules/only-on-macos': { version: '1.0.0', optional: true },
    'node_modules/@types/react': { version: '19.0.0', peer: true },
  },
};
const {
  '': _root,
  'node_modules/only-on-macos': _optional,
  'node_modules/@types/react': _peer,
  ...needed
} = wanted.packages;

describe('whether the packages of the lock file are installed', () => {
  it('given all but optional ones and peers, then they are', () => {
    expect(holdsAll(wanted, { packages: needed })).toBe(true);
  });

  it('given more than is wanted, then they are', () => {
    expect(holdsAll(wanted, { packages: { ...needed, 'node_modules/left-over': { version: '1.0.0' } } })).toBe(true);
  });

  it('given another version of one, then they are not', () => {
    expect(holdsAll(wanted, { packages: { ...needed, 'node_modules/zod': { version: '4.0.9' } } })).toBe(false);
  });

  it('given that one is missing, then they are not', () => {
    const { 'node_modules/zod': _zod, ...rest } = needed;

    expect(holdsAll(wanted, { packages: rest })).toBe(false);
  });

  it('given a copy in the place of a workspace of ours, then they are not', () => {
    const installed = { packages: { ...needed, 'node_modules/@postduif/stack': { version: '0.1.0' } } };

    expect(holdsAll(wanted, installed)).toBe(false);
  });

  it('given what npm has recorded in this checkout, then it holds all of the lock file', () => {
    const read = (...path: string[]): Lock => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')) as Lock;

    expect(holdsAll(read('package-lock.json'), read('node_modules', '.package-lock.json'))).toBe(true);
  });
});
