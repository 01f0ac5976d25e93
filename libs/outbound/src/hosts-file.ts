import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isIP } from 'node:net';
import { codeOf, OWN_LIMITS } from './error-code.js';
import { ExchangeError } from './errors.js';

const SYSTEM_HOSTS_FILE = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';

/** The hosts file (hosts(5)): addresses that the operator gave to names by hand. Read again when it changes. */
export class HostsFile {
  readonly #path: string;
  #modified = -1;
  #names = new Map<string, readonly string[]>();

  constructor(path: string = SYSTEM_HOSTS_FILE) {
    this.#path = path;
  }

  /**
   * The addresses of a name, in the file's order; none when the file does not list it or cannot be read.
   *
   * @throws {ExchangeError} `out_of_sockets`: the process can open no more files. c-ares would say that name servers refuse.
   */
  async addressesOf(hostname: string): Promise<readonly string[]> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path);
      const { mtimeMs } = await file.stat();
      if (mtimeMs !== this.#modified) {
        this.#names = parseHosts(await file.readFile('utf8'));
        this.#modified = mtimeMs;
      }
    } catch (error) {
      const code = codeOf(error);
      if (OWN_LIMITS.includes(code)) throw new ExchangeError('out_of_sockets', { detail: code, cause: error });
      // A machine without a hosts file is a machine that lists no names.
      this.#names = new Map();
      this.#modified = -1;
    } finally {
      await file?.close();
    }
    return this.#names.get(hostname.toLowerCase()) ?? [];
  }
}

function parseHosts(text: string): Map<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const alias of aliases) {
      const name = alias.toLowerCase();
      names.set(name, [...(names.get(name) ?? []), address]);
    }
  }
  return names;
}
