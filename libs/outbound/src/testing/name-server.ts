import { createSocket } from 'node:dgram';

/** What the name server says of a name: addresses, `NXDOMAIN` (code 3), `SERVFAIL` (code 2), or nothing at all. */
export type Zone = Readonly<
  Record<string, { a?: string; aaaa?: Buffer; ttl?: number; code?: number; silent?: boolean }>
>;

const TYPE_A = 1;
const TYPE_AAAA = 28;

/** A name server (RFC 1035) over UDP on 127.0.0.1, for names that its zone lists; all others do not exist. */
export async function nameServer(zone: Zone): Promise<{ address: string; stop: () => Promise<void> }> {
  const socket = createSocket('udp4');
  socket.on('message', (question, client) => {
    const reply = answer(question, zone);
    if (reply !== undefined) socket.send(reply, client.port, client.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    stop: () =>
      new Promise((resolve) =>
        socket.close(() => {
          resolve();
        }),
      ),
  };
}

function answer(question: Buffer, zone: Zone): Buffer | undefined {
  const { name, end } = readName(question);
  const type = question.readUInt16BE(end);
  const entry = zone[name] ?? { code: 3 };
  if (entry.silent === true) return undefined;
  const data = type === TYPE_A && entry.a !== undefined ? ipv4(entry.a) : type === TYPE_AAAA ? entry.aaaa : undefined;
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (entry.code ?? 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(data === undefined ? 0 : 1, 6);
  const asked = question.subarray(12, end + 4);
  return Buffer.concat([header, asked, data === undefined ? Buffer.alloc(0) : record(type, entry.ttl ?? 60, data)]);
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

function record(type: number, ttl: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  // A pointer to the name in the question.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function ipv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}
