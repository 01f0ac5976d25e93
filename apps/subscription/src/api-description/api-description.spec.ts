import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { OPERATIONS } from '@postduif/contracts';
import { httpAdapter } from '@postduif/service';
import { Ajv } from 'ajv';
import type { RouteOptions } from 'fastify';
import { pino } from 'pino';
import { openFrontDoor } from '../front-door/front-door.js';
import { OtherMethods } from '../front-door/other-methods.js';
import { Upstream } from '../front-door/upstream.js';
import { subscriptionModule } from '../subscription.module.js';
import type { SubscriptionParts } from '../subscription.module.js';
import { isCompatible } from '../v4/versions.js';
import { ApiDescription } from './api-description.js';

const description = new ApiDescription('postduif.');
/** Nothing is called here but the description. */
const PARTS = [
  ...['access', 'webhooks', 'applying', 'validation', 'keys', 'account', 'domains', 'names', 'accounts', 'jwts'],
  ...[
    'tests',
    'check',
    'advice',
    'callback',
    'tokens',
    'operator',
    'eventTypes',
    'history',
    'address',
    'audit',
    'idempotency',
  ],
];
interface Alternatives {
  readonly anyOf: readonly { readonly required: string[] }[];
}

const OLDER = /^\/v[23]\//;

/** Method and path, with parameters alike. */
function call(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replace(/:\w+|\{\w+\}/g, '{}').replace(/(.)\/$/, '$1')}`;
}

/** What a route stands for in the document: newer versions for older ones, and whole paths for those that go on. */
function documented({ method, url, config }: RouteOptions): string[] {
  // What history has nothing at.
  if (config?.refuses === true || url === '/v1/attempts/*') return [];
  const path = url
    .replace(OLDER, '/v4/')
    .replace(/^(\/v4\/.*)\/\*$/, '$1')
    .replace(/^\/v1\/events\/\*$/, '/v1/events/{id}');
  return [method]
    .flat()
    .filter((name) => name !== 'HEAD')
    .map((name) => call(name, path));
}

describe('the description of the API', () => {
  const routes = new Set<string>();
  const urls = new Set<string>();
  let app: NestFastifyApplication;

  beforeAll(async () => {
    const adapter = httpAdapter();
    adapter.getInstance().addHook('onRoute', (route) => {
      urls.add(route.url);
      for (const found of documented(route)) routes.add(found);
    });
    const parts = {
      ...Object.fromEntries(PARTS.map((name) => [name, {}])),
      description,
    } as unknown as SubscriptionParts;
    app = await NestFactory.create<NestFastifyApplication>(subscriptionModule(parts), adapter, {
      logger: false,
      bodyParser: false,
    });
    const others = new OtherMethods(adapter.getInstance());
    const nowhere = new Upstream('nowhere', 'http://127.0.0.1:9', pino({ level: 'silent' }));
    await openFrontDoor(adapter.getInstance(), { ingest: nowhere, history: nowhere });
    await app.init();
    others.refuse();
    await adapter.getInstance().ready();
  });
  afterAll(async () => {
    await app.close();
  });

  it('has every route of the front door, and no other', () => {
    const described = OPERATIONS.flatMap(({ method, path, also = [] }) =>
      [path, ...also].map((one) => call(method, one)),
    );
    expect([...routes].sort()).toEqual([...new Set(described)].sort());
    for (const version of ['v2', 'v3', 'v4']) expect(urls).toContain(`/${version}/webhook/:id/*`);
  });

  it('has every method that an address of ours takes: others are answered 405, with those', async () => {
    const ours = OPERATIONS.filter(({ path }) => !isCompatible(path));
    expect(ours.length).toBeGreaterThan(20);
    for (const { path } of ours) {
      const { statusCode, headers } = await app.inject({ method: 'PATCH', url: path.replace(/\{\w+\}/g, 'x') });
      const described = ours.filter((other) => other.path === path).map(({ method }) => method.toUpperCase());
      const methods = described.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      expect([path, statusCode, headers.allow]).toEqual([path, 405, methods.sort().join(', ')]);
    }
  });

  it('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(description.openApi));
    expect({ valid, errors }).toEqual({ valid: true });
    expect(description.openApi).toHaveProperty('openapi', '3.1.0');
  });

  it('refers to nothing that is not there', () => {
    const { components } = description.openApi as { components: { schemas: object } };
    const names = [...JSON.stringify(description.openApi).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      ([, name]) => name,
    );
    expect(new Set(names)).toEqual(new Set(Object.keys(components.schemas).filter((name) => names.includes(name))));
    expect(names.length).toBeGreaterThan(20);
  });

  it('gives each operation an id of its own', () => {
    const { paths } = description.openApi as { paths: Record<string, Record<string, { operationId: string }>> };
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('of the topics is AsyncAPI 3, and has every topic', () => {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const schema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object;
    const valid = ajv.validate(schema, description.asyncApi);
    expect({ valid, errors: ajv.errors }).toEqual({ valid: true, errors: null });
    const { channels } = description.asyncApi as { channels: Record<string, { address: string }> };
    expect(Object.values(channels).map(({ address }) => address)).toEqual(
      expect.arrayContaining(['postduif.ingest', 'postduif.events', 'postduif.config', 'postduif.deliveries.retry.1s']),
    );
  });

  it('says of events what they need, and of topics what is in them', () => {
    const { components } = description.openApi as {
      components: { schemas: { NewEvent: Alternatives; NewCloudEvent: Alternatives } };
    };
    expect(components.schemas.NewEvent.anyOf).toHaveLength(11);
    for (const { required } of components.schemas.NewEvent.anyOf) expect(required).toEqual(['type', 'data']);
    expect(components.schemas.NewCloudEvent.anyOf).toMatchObject([
      { $ref: '#/components/schemas/NewEvent' },
      { required: ['type', 'data_base64'] },
    ]);
    const { channels } = description.asyncApi as {
      channels: { attempts: { messages: { record: { payload: { schema: object } } } } };
    };
    expect(channels.attempts.messages.record.payload.schema).toHaveProperty('properties.outcome.enum');
  });

  it('is shown by a page that loads nothing from elsewhere', async () => {
    const page = await app.inject('/docs');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const files = [...page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(files).toHaveLength(3);
    expect(page.body).not.toMatch(/https?:\/\//);
    for (const file of files) {
      const { statusCode, headers } = await app.inject(file);
      expect([statusCode, headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/(css|javascript)/)]);
    }
    expect((await app.inject('/docs/swagger-ui-bundle.js')).body).toContain('SwaggerUIBundle');
  });
});
