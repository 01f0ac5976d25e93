import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, describe, it, jest } from '@jest/globals';
import { topicNames } from '@postduif/contracts';
import { createKafka, withAdmin } from '@postduif/kafka';
import { DEFAULT_RETRY_SCHEDULE } from '@postduif/retry-schedule';
import { RunningService } from '../testing/running-service.js';
import { silent, TestDatabase } from '../testing/test-database.js';
import { until } from '../testing/until.js';

jest.setTimeout(120_000);

const SCRIPT = fileURLToPath(new URL('testing/python-client.py', import.meta.url));
const STATUS_PROTO = createRequire(import.meta.url).resolve('@postduif/contracts/proto/google/rpc/status.proto');
const PROTO = dirname(dirname(dirname(STATUS_PROTO)));
const prefix = `grpc-python-${randomBytes(6).toString('hex')}.`;
const brokers = process.env.KAFKA_BROKERS ?? '';

interface Seen {
  readonly webhooks: { readonly id: string } & Readonly<Record<string, unknown>>;
  readonly failure: object;
  readonly health: string;
  readonly reflection: object;
}

function hasGrpc(): boolean {
  try {
    execFileSync('python3', ['-c', 'import grpc_health, grpc_reflection, grpc_status, grpc_tools'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

const found = hasGrpc();

/** Needs the compiled service: it runs as it does in production. */
(found ? describe : describe.skip)(
  found
    ? 'gRPC, spoken by Python'
    : 'gRPC, spoken by Python: NOT RUN, as python3 has no grpcio here (pip install -r apps/subscription/src/grpc/testing/requirements.txt)',
  () => {
    let database: TestDatabase;
    let service: RunningService;
    let generated: string;
    let seen: Seen;

    beforeAll(async () => {
      generated = await mkdtemp(join(tmpdir(), 'postduif-grpc-'));
      database = await TestDatabase.create();
      service = new RunningService({
        ...{ DATABASE_URL: database.url, KAFKA_BROKERS: brokers, KAFKA_TOPIC_PREFIX: prefix, GRPC_PORT: '0' },
        TRUSTED_HANDLER_HOSTS: 'trusted.example',
      });
      await until(() => (service.output.includes('"started"') ? true : undefined), 'the start');
      const address = /"grpc":"([^"]+)"/.exec(service.output)?.[1] ?? '';
      const { stdout } = await promisify(execFile)('python3', [SCRIPT, address, service.token, PROTO, generated]);
      seen = JSON.parse(stdout) as Seen;
    });

    afterAll(async () => {
      await service.stop();
      const { config, attempts } = topicNames(prefix);
      const kafka = createKafka({ clientId: 'grpc-python', brokers: brokers.split(','), log: silent });
      await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [config, attempts] }));
      await database.drop();
      await rm(generated, { recursive: true });
    });

    it('creates, lists, changes, deletes and watches', () => {
      const { id, made, listed, changed, watched } = seen.webhooks;
      expect(made).toEqual(['FORMAT_JSON', 2.5, true, DEFAULT_RETRY_SCHEDULE]);
      expect(listed).toEqual([id]);
      expect(changed).toEqual([3, false, 2]);
      expect(watched).toEqual(['synced', `changed ${id} v1`, `changed ${id} v2`, `deleted ${id}`]);
    });

    it('reads the details of an error', () => {
      expect(seen.failure).toEqual({
        ...{ code: 'INVALID_ARGUMENT', reason: 'invalid_request', domain: 'postduif', fields: ['webhook.handler'] },
      });
    });

    it('checks the health', () => {
      expect(seen.health).toBe('SERVING');
    });

    it('knows the messages without the proto files', () => {
      const services = ['AccessService', 'AccountService', 'WebhookService'].map(
        (name) => `postduif.config.v1.${name}`,
      );
      expect(seen.reflection).toMatchObject({
        ...{ v1: expect.arrayContaining(services), v1alpha: expect.arrayContaining(services) },
        methods: expect.arrayContaining(['CreateWebhook', 'WatchWebhooks']),
        optional: ['database', 'collection', 'concurrency', 'rate', 'shards'],
        ...{ map: true, mask: 'google.protobuf.FieldMask' },
      });
    });
  },
);
