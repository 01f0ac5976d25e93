import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';

/** What stands at a name: TXT records (each a list of strings of at most 255 bytes), another name, or trouble. */
export type Entry =
  | { readonly txt: readonly (readonly string[])[] }
  | { readonly cname: string }
  | { readonly trouble: 'fails' | 'silent' };

const TYPE_CNAME = 5;
const TYPE_TXT = 16;
const NO_ERROR = 0x8180;
const SERVFAIL = 0x8182;
const NXDOMAIN = 0x8183;

/** A recursive name server (RFC 1035) over UDP on 127.0.0.1, for the names in `zone`, which may change at any time. */
export class TestNameServer {
  readonly zone = new Map<string, Entry>();
  /** How many questions came. */
  asked = 0;
  readonly #socket: Socket = createSocket('udp4');

  private constructor() {
    this.#socket.on('message', (question, client) => {
      this.asked++;
      const reply = this.#answer(question);
      if (reply !== undefined) this.#socket.send(reply, client.port, client.address);
    });
  }

  static async start(): Promise<TestNameServer> {
    const server = new TestNameServer();
    await new Promise<void>((resolve) => server.#socket.bind(0, '127.0.0.1', resolve));
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  publish(name: string, ...records: readonly string[]): void {
    this.zone.set(name, { txt: records.map((record) => record.match(/.{1,255}/gs) ?? ['']) });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.close(resolve);
    });
  }

  #answer(question: Buffer): Buffer | undefined {
    const { name, end } = readName(question);
    const asked = question.subarray(12, end + 4);
    const entry = this.zone.get(name);
    if (entry !== undefined && 'trouble' in entry)
      return entry.trouble === 'silent' ? undefined : reply(question, SERVFAIL, asked, []);
    if (entry === undefined) return reply(question, NXDOMAIN, asked, []);
    return reply(question, NO_ERROR, asked, this.#recordsOf(name, question.readUInt16BE(end)));
  }

  #recordsOf(name: string, type: number): Buffer[] {
    const entry = this.zone.get(name);
    if (entry === undefined || 'trouble' in entry) return [];
    if ('cname' in entry)
      return [record(name, TYPE_CNAME, nameBytes(entry.cname)), ...this.#recordsOf(entry.cname, type)];
    return type === TYPE_TXT ? entry.txt.map((strings) => record(name, TYPE_TXT, textBytes(strings))) : [];
  }
}

function reply(question: Buffer, flags: number, asked: Buffer, answers: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, asked, ...answers]);
}

function readName(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function record(name: string, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(60, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([nameBytes(name), head, data]);
}

function nameBytes(name: string): Buffer {
  return Buffer.concat([...name.split('.').map((label) => prefixed(label)), Buffer.from([0])]);
}

function textBytes(strings: readonly string[]): Buffer {
  return Buffer.concat(strings.map((text) => prefixed(text)));
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
