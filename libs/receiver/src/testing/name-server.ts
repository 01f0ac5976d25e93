import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import type { ResolveTxt } from '../index.js';

/** TXT records of a name, each as its strings; `SERVFAIL` for a server that fails, `NODATA` for a name without TXT records. */
export type Zone = Record<string, readonly (readonly string[])[] | 'SERVFAIL' | 'NODATA'>;

export interface NameServer {
  /** Asks this server, over UDP. */
  readonly resolveTxt: ResolveTxt;
  /** Names that were asked for. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

const QUESTION_TAIL_BYTES = 4;

/** A name server (RFC 1035) over UDP on 127.0.0.1, for names that its zone lists; all others do not exist. */
export async function nameServer(zone: Zone): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (question, client) => {
    const name = readName(question);
    asked.push(name);
    socket.send(answer(question, zone[name.toLowerCase()]), client.port, client.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    resolveTxt: (name) => resolver.resolveTxt(name),
    asked,
    stop: () =>
      new Promise((resolve) =>
        socket.close(() => {
          resolve();
        }),
      ),
  };
}

function readName(question: Buffer): string {
  const labels: string[] = [];
  let at = 12;
  for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return labels.join('.');
}

function answer(question: Buffer, entry: Zone[string] | undefined): Buffer {
  const records = Array.isArray(entry) ? (entry as readonly (readonly string[])[]) : [];
  const code = entry === undefined ? 3 : entry === 'SERVFAIL' ? 2 : 0;
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const nameBytes = readName(question).length + 2;
  return Buffer.concat([header, question.subarray(12, 12 + nameBytes + QUESTION_TAIL_BYTES), ...records.map(record)]);
}

function record(strings: readonly string[]): Buffer {
  const data = Buffer.concat(strings.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])));
  const head = Buffer.alloc(12);
  // A pointer to the name in the question, then type TXT, class IN and a minute to live.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(16, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
