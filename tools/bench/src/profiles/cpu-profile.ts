/** A profile as V8 writes it, as far as it is used here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Id of the node on top of the stack at each sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: Frame;
  readonly children?: readonly number[];
}

/** A function; lines and columns count from 0. */
export interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** A part of the time. */
export interface Share {
  /** Function and place, or package. */
  readonly name: string;
  /** Of the time that the process was not idle, 0 to 1. */
  readonly share: number;
}

/** Where the time went, the longest first. */
export interface ProfileSummary {
  readonly busySeconds: number;
  /** Self time, with that of Node.js and V8 counted to the package that called them. */
  readonly packages: readonly Share[];
  /** Self time of every function. */
  readonly functions: readonly Share[];
  /** Our own functions with all that they call. */
  readonly ours: readonly Share[];
}

const IDLE = '(idle)';

export function summarise({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const stackOf = (id: number): Frame[] => {
    const stack: Frame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame !== undefined) stack.push(frame);
    }
    return stack;
  };
  const times = timesOf(samples, timeDeltas);
  const packages = new Shares();
  const functions = new Shares();
  const ours = new Shares();
  let busy = 0;
  for (const [id, time] of times) {
    const stack = stackOf(id);
    const [top] = stack;
    if (top === undefined || top.functionName === IDLE) continue;
    busy += time;
    functions.add(placeOf(top), time);
    packages.add(stack.map(packageOf).find((name) => name !== undefined) ?? kindOf(top), time);
    for (const place of new Set(stack.filter(isOurs).map(placeOf))) ours.add(place, time);
  }
  return {
    busySeconds: busy / 1e6,
    packages: packages.of(busy),
    functions: functions.of(busy),
    ours: ours.of(busy),
  };
}

class Shares {
  readonly #times = new Map<string, number>();

  add(name: string, time: number): void {
    this.#times.set(name, (this.#times.get(name) ?? 0) + time);
  }

  of(whole: number): Share[] {
    return [...this.#times].map(([name, time]) => ({ name, share: time / whole })).sort((a, b) => b.share - a.share);
  }
}

function timesOf(samples: readonly number[], timeDeltas: readonly number[]): Map<number, number> {
  const times = new Map<number, number>();
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  return times;
}

/** Undefined for what Node.js and V8 do: it is done for somebody further down the stack. */
function packageOf({ url }: Frame): string | undefined {
  if (url === '' || url.startsWith('node:')) return undefined;
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1] ?? ourPackage(url) ?? shortened(url);
}

function ourPackage(url: string): string | undefined {
  return /\/((?:apps|libs|tools)\/[^/]+)\//.exec(url)?.[1];
}

function isOurs({ url }: Frame): boolean {
  return !url.includes('/node_modules/') && ourPackage(url) !== undefined;
}

/** What has no package at the bottom of its stack: `(garbage collector)`, `(program)`, or Node.js on its own. */
function kindOf({ functionName, url }: Frame): string {
  return url === '' && functionName.startsWith('(') ? functionName : 'node';
}

function placeOf({ functionName, url, lineNumber }: Frame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${shortened(url)}:${lineNumber + 1}`;
}

function shortened(url: string): string {
  return url.replace(/^.*\/(?=(?:node_modules|apps|libs|tools)\/)/, '').replace(/^file:\/\//, '');
}
