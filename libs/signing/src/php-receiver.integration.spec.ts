import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  COVERED,
  createNonce,
  digestHeader,
  dnsRecord,
  generateSigningKey,
  rsaSigner,
  signatureHeader,
  signingString,
  signRequest,
} from './index.js';
import type { Header, RequestToSign } from './index.js';
import { TEST_PRIVATE_KEY, TEST_PUBLIC_KEY, VECTOR } from './test-vector.fixture.js';

jest.setTimeout(30_000);

/** What the guide for those who come from Copernica offers (docs/copernica.md). */
const SCRIPT = join(import.meta.dirname, '../../../docs/examples/copernica-receiver.php');
const DOMAIN = 'signing.postduif.example';
const KEY_ID = `wh202601._domainkey.${DOMAIN}`;
const sign = rsaSigner(createPrivateKey(TEST_PRIVATE_KEY));
const record = dnsRecord(createPublicKey(TEST_PUBLIC_KEY));

interface Posted {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

/** A request as delivery makes it, right now. */
async function signed(change: Partial<RequestToSign> = {}, event: string = randomUUID()): Promise<Posted> {
  const { target, host, contentType, copernicaId, body } = VECTOR;
  const request = {
    ...{ method: 'POST', target, host, contentType, copernicaId, body: Buffer.from(body), keyId: KEY_ID, sign },
    ...{ date: new Date(), nonce: createNonce(), ...change },
  };
  const headers: Header[] = [['Host', request.host], ...(await signRequest(request)), ['X-Webhook-Event-ID', event]];
  return { method: request.method, target: request.target, body: request.body, headers };
}

const replaced = (request: Posted, name: string, value: (old: string) => string): Posted => ({
  ...request,
  headers: request.headers.map(([other, old]) => (other === name ? [other, value(old)] : [other, old])),
});

/** The same request with exactly these names signed, correctly. */
async function covering(request: Posted, covered: readonly string[]): Promise<Posted> {
  const toSign = Buffer.from(signingString(request.method, request.target, request.headers, covered), 'latin1');
  const value = signatureHeader(KEY_ID, covered, await sign(toSign));
  return replaced(request, 'Signature', () => value);
}

const secondsFromNow = (seconds: number): Date => new Date(Date.now() + seconds * 1_000);
/** Another body of the same length. */
const changed = (request: Posted): Posted => ({
  ...request,
  body: Buffer.from(VECTOR.body.replace('profile=123', 'profile=124')),
});

function hasPhp(): boolean {
  try {
    execFileSync('php', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when PHP's own web server says that it has started. */
async function startPhp(port: number, settings: Record<string, string>): Promise<ChildProcess> {
  const env = { ...process.env, ...settings };
  const server = spawn('php', ['-S', `127.0.0.1:${port}`, SCRIPT], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: server.stderr }).on('line', (line) => {
      lines.push(line);
      if (line.includes(' started')) resolve();
    });
    server.on('exit', () => {
      reject(new Error(`php has ended: ${lines.join('\n')}`));
    });
  });
  return server;
}

const found = hasPhp();

(found ? describe : describe.skip)(
  found ? 'the receiver in PHP' : 'the receiver in PHP: NOT RUN, as there is no `php` on this machine (php-cli)',
  () => {
    let folder: string;
    let keysFile: string;
    let port: number;
    let php: ChildProcess;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'php-receiver-'));
      keysFile = join(folder, 'keys.json');
      await writeFile(keysFile, JSON.stringify([{ keyId: KEY_ID, record }]));
      port = await freePort();
      php = await startPhp(port, {
        RECEIVER_HOST: VECTOR.host,
        RECEIVER_COPERNICA_ID: VECTOR.copernicaId,
        RECEIVER_KEY_DOMAIN: DOMAIN,
        RECEIVER_FOLDER: folder,
        RECEIVER_KEYS_FILE: keysFile,
      });
    });
    afterEach(async () => {
      const ended = once(php, 'exit');
      php.kill();
      await ended;
      await rm(folder, { recursive: true });
    });

    async function post({ method, target, headers, body }: Posted): Promise<[status: number | undefined, why: string]> {
      const sent = httpRequest({
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: headers.flat(),
        agent: false,
      });
      sent.end(body);
      const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode?: number }];
      return [response.statusCode, await text(response)];
    }

    /** The bodies that wait for whoever works on them. */
    async function inbox(): Promise<string[]> {
      const names = await readdir(join(folder, 'inbox'));
      expect(names.filter((name) => !name.endsWith('.form'))).toEqual([]);
      return Promise.all(names.map((name) => readFile(join(folder, 'inbox', name), 'latin1')));
    }

    it('given a signed request, then it is answered 200 and its body is stored as it came', async () => {
      expect(await post(await signed())).toEqual([200, '']);
      expect(await inbox()).toEqual([VECTOR.body]);
    });

    it('given a second attempt, then it is answered 200 and nothing is stored twice', async () => {
      for (const event of ['one', 'one', 'two']) expect(await post(await signed({}, event))).toEqual([200, '']);
      expect(await inbox()).toEqual([VECTOR.body, VECTOR.body]);
    });

    it('given the very request again, then it is refused', async () => {
      const request = await signed();
      expect(await post(request)).toEqual([200, '']);
      expect(await post(request)).toEqual([401, 'replayed']);
    });

    it.each<[string, string, () => Posted | Promise<Posted>]>([
      [
        'a digest of something else',
        'digest_mismatch',
        async () => replaced(await signed(), 'Digest', () => digestHeader(Buffer.from('else'))),
      ],
      ['a changed body', 'digest_mismatch', async () => changed(await signed())],
      [
        'a changed body with its digest',
        'signature_mismatch',
        async () => {
          const request = changed(await signed());
          return replaced(request, 'Digest', () => digestHeader(request.body));
        },
      ],
      [
        'a changed target',
        'signature_mismatch',
        async () => ({ ...(await signed()), target: '/copernica/hook.php?tenant=8' }),
      ],
      [
        'a decoded target',
        'signature_mismatch',
        async () => ({ ...(await signed()), target: VECTOR.target.replace('%2F', '/') }),
      ],
      [
        'a nonce that was not signed',
        'signature_mismatch',
        async () => replaced(await signed(), 'X-Nonce', () => 'another'),
      ],
      [
        'the signature of another key',
        'signature_mismatch',
        async () => signed({ sign: rsaSigner((await generateSigningKey()).privateKey) }),
      ],
      ['an old date', 'date_out_of_tolerance', () => signed({ date: secondsFromNow(-62) })],
      ['a date to come', 'date_out_of_tolerance', () => signed({ date: secondsFromNow(120) })],
      ['a date that is none', 'date_out_of_tolerance', async () => replaced(await signed(), 'Date', () => 'today')],
      ['an unknown key', 'key_not_found', () => signed({ keyId: `wh202512._domainkey.${DOMAIN}` })],
      ['a key of another domain', 'key_not_allowed', () => signed({ keyId: `wh202601._domainkey.${DOMAIN}.example` })],
      ['another account', 'copernica_id_mismatch', () => signed({ copernicaId: 'account_1235' })],
      ['another host', 'host_mismatch', () => signed({ host: 'hooks.example.com' })],
      [
        'another algorithm',
        'algorithm_not_supported',
        async () => replaced(await signed(), 'Signature', (value) => value.replace('rsa-sha256', 'rsa-sha1')),
      ],
      ['no signature', 'algorithm_not_supported', async () => replaced(await signed(), 'Signature', () => 'none')],
      ['an empty nonce', 'header_missing', () => signed({ nonce: '' })],
      ...COVERED.map((left): [string, string, () => Promise<Posted>] => [
        `a correct signature without ${left}`,
        'header_not_signed',
        async () =>
          covering(
            await signed(),
            COVERED.filter((name) => name !== left),
          ),
      ]),
    ])('given %s, then it is refused with %s', async (_what, why, request) => {
      expect(await post(await request())).toEqual([401, why]);
      expect(await readdir(folder)).toEqual(['keys.json']);
    });

    it('given a GET, then it is refused', async () => {
      expect(await post(await signed({ method: 'GET', body: Buffer.alloc(0) }))).toEqual([405, 'method_not_allowed']);
    });

    it('given that nobody can tell the keys, then the sender is asked to come back', async () => {
      await rename(keysFile, `${keysFile}.away`);
      expect(await post(await signed())).toEqual([503, 'keys_unavailable']);
      await rename(`${keysFile}.away`, keysFile);
      expect(await post(await signed())).toEqual([200, '']);
    });
  },
);
