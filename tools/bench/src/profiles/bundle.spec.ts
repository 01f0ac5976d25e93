import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { unbundled } from './bundle.js';

const BUNDLE = `// node_modules/undici/lib/client.js
function parse() {}
// apps/delivery/dist/compiled/engine.js
function attempt() {}
`;
/** Of its last line only. */
const MAP = { version: 3, sources: ['../src/engine.ts'], names: [], mappings: ';;;AACA' };

describe('the profile of a bundle', () => {
  const root = mkdtempSync(join(tmpdir(), 'postduif-bundle-'));
  const folder = join(root, 'apps/delivery/dist');
  const url = (path: string): string => pathToFileURL(join(root, path)).href;
  const place = (path: string, lineNumber: number) => {
    const callFrame = { functionName: '', url: path, lineNumber, columnNumber: 0 };
    const [node] = unbundled({ nodes: [{ id: 1, callFrame }], samples: [], timeDeltas: [] }).nodes;
    return [node?.callFrame.url, node?.callFrame.lineNumber];
  };
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'main.js'), BUNDLE);
    writeFileSync(join(folder, 'main.js.map'), JSON.stringify(MAP));
  });
  afterAll(() => {
    rmSync(root, { recursive: true });
  });

  it('given a function of our own, then it is in its TypeScript', () => {
    expect(place(url('apps/delivery/dist/main.js'), 3)).toEqual([url('apps/delivery/src/engine.ts'), 1]);
  });

  it('given a function of a package, then it is in a file of that', () => {
    expect(place(url('apps/delivery/dist/main.js'), 1)).toEqual([url('node_modules/undici/lib/client.js'), 0]);
  });

  it.each([
    ['Node.js', 'node:internal/stream'],
    ['V8', ''],
    ['a package that is not bundled', 'file:///postduif/node_modules/snappy/main.js'],
    ['another checkout that has gone', 'file:///gone/apps/delivery/dist/main.js'],
  ])('given a function of %s, then it stays where it is', (_, path) => {
    expect(place(path, 5)).toEqual([path, 5]);
  });
});
