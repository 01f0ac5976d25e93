import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const MODULE = new URL('../dist/stack-traces.js', import.meta.url).href;
/** `fail` is on the third line, and comes from the first of its source; the fourth comes from nowhere. */
const PROGRAM = `import { traceSources } from '${MODULE}'; import { writeFileSync } from 'node:fs';
traceSources(process.argv[1]); writeFileSync(process.argv[1] + '.map', process.argv[2]);
function fail() { throw new Error('mute'); }
try { fail(); } catch (error) { console.log(error.stack); }
`;
const MAP = JSON.stringify({ version: 3, sources: ['src/fail.ts'], names: [], mappings: ';;AAAA;A;' });

describe('a stack trace', () => {
  let folder: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'postduif-traces-')));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('names the sources of the program as it was loaded, though a build writes another map meanwhile', () => {
    const program = join(folder, 'main.mjs');
    writeFileSync(program, PROGRAM);
    writeFileSync(`${program}.map`, MAP);
    const { stdout } = spawnSync(process.execPath, [program, '{ "vers'], { encoding: 'utf8' });

    const [message, first, second] = stdout.split('\n');
    expect(message).toBe('Error: mute');
    expect(first).toContain(`at fail (${join(folder, 'src/fail.ts')}:1:`);
    expect(second).toMatch(/main\.mjs:4:\d+$/);
  });

  it('names places in the program when its source map cannot be read', () => {
    const program = join(folder, 'broken.mjs');
    writeFileSync(program, PROGRAM);
    writeFileSync(`${program}.map`, '{ "vers');
    const { stdout } = spawnSync(process.execPath, [program, MAP], { encoding: 'utf8' });

    const [message, first] = stdout.split('\n');
    expect(message).toBe('Error: mute');
    expect(first).toMatch(/at fail \(.*broken\.mjs:3:\d+\)$/);
  });
});
