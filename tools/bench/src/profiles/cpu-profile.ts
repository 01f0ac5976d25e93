/** A profile as V8 writes it, as far as it is used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Id of the node on top of the stack at each sample. */
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Where the time went. */
export interface SelfTime {
  /** Function and place, or package. */
  readonly name: string;
  /** Of the time that the process was not idle, 0 to 1. */
  readonly share: number;
}

export interface ProfileSummary {
  readonly busySeconds: number;
  readonly functions: readonly SelfTime[];
  readonly packages: readonly SelfTime[];
}

const IDLE = '(idle)';

/** Self time by function and by package, the longest first. */
export function summarise({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const packages = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    const time = timeDeltas[index] ?? 0;
    if (frame === undefined || frame.functionName === IDLE) continue;
    busy += time;
    add(functions, placeOf(frame), time);
    add(packages, packageOf(frame), time);
  }
  const sorted = (times: Map<string, number>): SelfTime[] =>
    [...times].map(([name, time]) => ({ name, share: time / busy })).sort((a, b) => b.share - a.share);
  return { busySeconds: busy / 1e6, functions: sorted(functions), packages: sorted(packages) };
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}

type Frame = CpuProfile['nodes'][number]['callFrame'];

function placeOf({ functionName, url, lineNumber }: Frame): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${shortened(url)}:${lineNumber + 1}`;
}

/** `(native)` is what V8 and Node.js do in C++ and the kernel on our behalf, named by its kind. */
function packageOf({ functionName, url }: Frame): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)';
  if (url.startsWith('node:')) return 'node';
  return /(?:node_modules\/)((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1] ?? own(url);
}

function own(url: string): string {
  return /\/((?:apps|libs|tools)\/[^/]+)\//.exec(url)?.[1] ?? shortened(url);
}

function shortened(url: string): string {
  return url.replace(/^.*\/(?=(?:node_modules|apps|libs|tools)\/)/, '').replace(/^file:\/\//, '');
}
