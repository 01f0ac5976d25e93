import { readdirSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parseWebhookSecret, signStandardWebhook } from '@postduif/signing';
import { fastify } from 'fastify';
import { headerPairs } from '../headers.js';
import { Receiver, RECEIVER_ERRORS, ReceiverError } from '../index.js';
import type { ReceivedRequest, ReceiverErrorCode, Webhook } from '../index.js';
import { nameServer } from '../testing/name-server.js';
import type { NameServer } from '../testing/name-server.js';
import { ACCOUNT, HOST, KEY_ID, RECORD, SENT_AT, signed } from '../testing/vector.js';
import { describeWebhook } from './describe-webhook.js';
import { withHandshake } from './handshake.js';
import { receiver as configured } from './receiver.js';
import { expressApp } from './with-express.js';
import { fastifyWebhooks } from './with-fastify.js';
import { handleRequest } from './with-fetch.js';
import { nodeServer } from './with-node.js';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const examples = readdirSync(import.meta.dirname).filter((file) => !file.endsWith('.spec.ts'));
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const TARGET = '/hooks/copernica?tenant=7&x=%2Fa';

describe('the README', () => {
  it.each(examples)('given the example %s, then the README has it as it is run here', (file) => {
    const code = readFileSync(join(import.meta.dirname, file), 'utf8').replaceAll(
      "'../index.js'",
      "'@postduif/receiver'",
    );
    expect(readme).toContain(`\`\`\`ts\n${code}\`\`\`\n`);
  });

  it.each(Object.keys(RECEIVER_ERRORS) as ReceiverErrorCode[])('given the code %s, then the README has it', (code) => {
    const rows = readme.split('\n').filter((line) => line.startsWith(`| \`${code}\``));
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    expect(cells).toEqual([
      ['', `\`${code}\``, String(new ReceiverError(code).status), RECEIVER_ERRORS[code].replaceAll('<', '\\<'), ''],
    ]);
  });
});

let dns: NameServer;
beforeAll(async () => {
  dns = await nameServer({ [KEY_ID]: [RECORD] });
});
afterAll(() => dns.stop());

const newReceiver = (): Receiver =>
  new Receiver({
    httpSignature: { copernicaId: ACCOUNT, host: HOST, keyDomains: ['copernica.com'], resolveTxt: dns.resolveTxt },
    standardWebhooks: { secrets: [SECRET] },
    now: () => SENT_AT,
  });

const form = (): Promise<ReceivedRequest> => signed({ target: TARGET });

function json(): ReceivedRequest {
  // With spaces, which parsing and writing again would lose.
  const body = Buffer.from('{ "type": "invoice.paid", "timestamp": "2026-01-15T10:20:30Z", "data": {} }');
  const headers = signStandardWebhook({ id: 'evt-1', timestamp: SENT_AT, body, secrets: [parseWebhookSecret(SECRET)] });
  return { method: 'POST', target: TARGET, headers: [['Content-Type', 'application/json'], ...headers], body };
}

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(async (server) => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }),
  );
});

/** Status and headers of the answer to a request that goes over the wire. */
async function send(server: Server, { method, target, headers, body }: ReceivedRequest) {
  const { port } = server.address() as AddressInfo;
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const sending = request(
      { port, host: '127.0.0.1', method, path: target, headers: Object.fromEntries(headerPairs(headers)) },
      (response) => {
        response.resume().on('end', () => {
          resolve({ status: response.statusCode, headers: response.headers });
        });
      },
    );
    sending.on('error', reject).end(body);
  });
}

async function listening(server: Server): Promise<Server> {
  servers.push(server);
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

type Answer = (request: ReceivedRequest) => Promise<number | undefined>;
type Store = (webhook: Webhook) => Promise<void>;

const over =
  (server: Promise<Server>): Answer =>
  async (given) =>
    (await send(await server, given)).status;

const FRAMEWORKS: Record<string, (store: Store) => Answer> = {
  'Node.js': (store) => over(listening(nodeServer(newReceiver(), store))),
  Express: (store) => over(listening(createServer(expressApp(newReceiver(), store) as RequestListener))),
  Fastify: (store) => {
    const app = fastify();
    app.register(fastifyWebhooks(newReceiver(), store));
    return over(app.listen({ port: 0, host: '127.0.0.1' }).then(() => listening(app.server)));
  },
  Fetch: (store) => {
    const receiver = newReceiver();
    return async ({ method, target, headers, body }) => {
      const given = new Request(`https://${HOST}${target}`, {
        method,
        headers: headerPairs(headers) as [string, string][],
        body: Buffer.from(body),
      });
      return (await handleRequest(given, receiver, store)).status;
    };
  },
};

describe.each(Object.entries(FRAMEWORKS))('the example for %s', (_name, start) => {
  const setUp = () => {
    const stored: Webhook[] = [];
    const store = (webhook: Webhook): Promise<void> => Promise.resolve(void stored.push(webhook));
    return { stored, answer: start(store) };
  };

  it('given a form and JSON, then both are stored, once each', async () => {
    const { stored, answer } = setUp();
    expect([await answer(await form()), await answer(json()), await answer(json())]).toEqual([204, 204, 401]);
    expect(stored.map(({ format, payload }) => [format, payload.type])).toEqual([
      ['form', 'create'],
      ['json', 'invoice.paid'],
    ]);
  });

  it('given a body that was changed, or none at all, then nothing is stored', async () => {
    const { stored, answer } = setUp();
    const forged = Buffer.from('{"type":"invoice.paid","timestamp":"2026-01-15T10:20:30Z","data":{"paid":1}}');
    expect([
      await answer({ ...json(), body: forged }),
      await answer({ ...json(), headers: { 'Content-Type': 'text/plain' } }),
    ]).toEqual([401, 401]);
    expect(stored).toEqual([]);
  });

  it('given a store that fails, then the answer makes the sender try again', async () => {
    const answer = start(() => Promise.reject(new Error('disk full')));
    expect(await answer(json())).toBe(500);
  });
});

describe('the other examples', () => {
  it('given the options of the README, then they make a receiver', async () => {
    await expect(configured.verify(json())).rejects.toMatchObject({ code: 'timestamp_out_of_tolerance' });
  });

  it('given webhooks of each format, then each is described', async () => {
    const receiver = newReceiver();
    expect(describeWebhook(await receiver.verify(await form()))).toMatch(/^profile 123 is now {"name":"José Ångström"/);
    expect(describeWebhook(await receiver.verify(json()))).toBe('invoice.paid at 2026-01-15T10:20:30Z');
  });

  it('given a handshake, then it is answered; given anything else, then it is left to the rest', async () => {
    const server = await listening(createServer(withHandshake((_request, response) => response.writeHead(418).end())));
    const ask = (method: string) =>
      send(server, {
        method,
        target: '/hooks',
        headers: { 'WebHook-Request-Origin': 'signing.postduif.example' },
        body: Buffer.alloc(0),
      });
    expect(await ask('OPTIONS')).toMatchObject({
      status: 200,
      headers: {
        allow: 'POST',
        'webhook-allowed-origin': 'signing.postduif.example',
        'webhook-allowed-rate': '600',
      },
    });
    expect(await ask('POST')).toMatchObject({ status: 418 });
  });
});
