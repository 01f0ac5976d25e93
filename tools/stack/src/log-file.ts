import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';

const MIB = 1024 * 1024;

export interface LogFileOptions {
  /** Bytes from which a file is put aside. Default 10 MiB. It may be exceeded by what is written between two calls of `poll`. */
  readonly maxBytes?: number;
  /** How many files put aside are kept: `.1` is the newest. Default 4, five with the current one. */
  readonly kept?: number;
  /** Most bytes that one `poll` hands on; more is skipped. Default 256 KiB. */
  readonly pollBytes?: number;
}

/** What was written since the last time. */
export interface LogNews {
  readonly lines: readonly string[];
  /** Bytes that were too many to hand on. */
  readonly skipped: number;
}

/**
 * A log of bounded size that a child process appends to through an inherited descriptor. Nothing stands between: logging costs the
 * supervisor nothing, and a child survives its death. Therefore a full file is copied and emptied, not renamed; lines written
 * in the moment between are lost.
 */
export class LogFile {
  readonly #options: Required<LogFileOptions>;
  readonly #file: number;
  #position = 0;
  #closed = false;

  /** Begins a new file; the earlier one is put aside. */
  constructor(
    readonly path: string,
    options: LogFileOptions = {},
  ) {
    this.#options = { maxBytes: 10 * MIB, kept: 4, pollBytes: MIB / 4, ...options };
    if (existsSync(path) && statSync(path).size > 0) {
      this.#makeRoom();
      renameSync(path, `${path}.1`);
    }
    this.#file = openSync(path, 'a+');
  }

  /** For a child's standard output. */
  get descriptor(): number {
    return this.#file;
  }

  /** What a process that has ended left in its pipe may come after `close`; it is dropped. */
  append(line: string): void {
    if (!this.#closed) appendFileSync(this.#file, `${line}\n`);
  }

  /** Whole lines since the last call; puts the file aside when it is full. */
  poll(): LogNews {
    const { size } = fstatSync(this.#file);
    // Somebody has emptied it.
    if (size < this.#position) this.#position = 0;
    const skipped = Math.max(0, size - this.#position - this.#options.pollBytes);
    const lines = this.#linesFrom(this.#position + skipped, size, skipped > 0);
    if (size > this.#options.maxBytes) this.#putAside();
    return { lines, skipped };
  }

  close(): void {
    this.#closed = true;
    closeSync(this.#file);
  }

  #linesFrom(begin: number, end: number, cut: boolean): string[] {
    const bytes = Buffer.alloc(end - begin);
    readSync(this.#file, bytes, 0, bytes.length, begin);
    const first = cut ? bytes.indexOf('\n') + 1 : 0;
    const last = bytes.lastIndexOf('\n');
    if (last < first) {
      // No whole line: wait for the rest, unless it is longer than anything that we would show.
      this.#position = cut ? end : begin;
      return [];
    }
    this.#position = begin + last + 1;
    return bytes.toString('utf8', first, last).split('\n');
  }

  #putAside(): void {
    this.#makeRoom();
    // Somebody may have deleted it: what is written still goes to the file without a name.
    if (existsSync(this.path)) copyFileSync(this.path, `${this.path}.1`);
    ftruncateSync(this.#file, 0);
    this.#position = 0;
  }

  #makeRoom(): void {
    const { kept } = this.#options;
    rmSync(`${this.path}.${kept}`, { force: true });
    for (let age = kept - 1; age >= 1; age--)
      if (existsSync(`${this.path}.${age}`)) renameSync(`${this.path}.${age}`, `${this.path}.${age + 1}`);
  }
}
