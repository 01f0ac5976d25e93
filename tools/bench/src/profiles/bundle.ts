import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { CpuProfile, Frame } from './cpu-profile.js';

type Payload = ConstructorParameters<typeof SourceMap>[0];

/** What the bundler writes above each file that it puts in. */
const BEGINNING = /^\/\/ ((?:apps|libs|node_modules)\/\S+)$/;

/** The profile of a service, which is one file, with each function in the file that it was written in. */
export function unbundled(profile: CpuProfile): CpuProfile {
  const bundles = new Map<string, Bundle | undefined>();
  const written = (frame: Frame): Frame => {
    if (!bundles.has(frame.url)) bundles.set(frame.url, Bundle.at(frame.url));
    return bundles.get(frame.url)?.written(frame) ?? frame;
  };
  return { ...profile, nodes: profile.nodes.map((node) => ({ ...node, callFrame: written(node.callFrame) })) };
}

class Bundle {
  readonly #files: readonly { readonly path: string; readonly line: number }[];
  /** Knows our own files only. */
  readonly #map: SourceMap;

  /** Undefined for what is no program of a service. */
  static at(url: string): Bundle | undefined {
    const root = /^file:.*\/(?=apps\/[^/]+\/dist\/main\.js$)/.exec(url)?.[0];
    return root !== undefined && existsSync(fileURLToPath(url)) ? new Bundle(url, root) : undefined;
  }

  private constructor(
    private readonly url: string,
    private readonly root: string,
  ) {
    const program = fileURLToPath(url);
    this.#map = new SourceMap(JSON.parse(readFileSync(`${program}.map`, 'utf8')) as Payload);
    this.#files = readFileSync(program, 'utf8')
      .split('\n')
      .flatMap((text, line) => {
        const path = BEGINNING.exec(text)?.[1];
        return path === undefined ? [] : [{ path, line }];
      });
  }

  written(frame: Frame): Frame {
    const origin = this.#map.findOrigin(frame.lineNumber + 1, frame.columnNumber + 1);
    if ('fileName' in origin)
      return { ...frame, url: new URL(origin.fileName, this.url).href, lineNumber: origin.lineNumber - 1 };
    const file = this.#files.findLast(({ line }) => line < frame.lineNumber);
    // The bundler writes code anew: the line is about right.
    return file === undefined
      ? frame
      : { ...frame, url: this.root + file.path, lineNumber: frame.lineNumber - file.line - 1 };
  }
}
