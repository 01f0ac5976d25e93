import { describe, expect, it } from '@jest/globals';
import { ApiError, CALLERS, FORMATS, SIGNATURES } from '@postduif/contracts';
import type { WebhookSnapshot } from '@postduif/contracts';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import type { AccountMessage } from './account-service.js';
import type { TokenMessage } from './access-service.js';
import { encode, packageDefinition } from './package-definition.js';
import { toRotation, toRotationMessage } from './rotation-message.js';
import type { RotationMessage, RotationRequest } from './rotation-message.js';
import { toCreate, toMessage, toUpdate } from './webhook-message.js';
import type { GivenWebhook, WebhookMessage } from './webhook-message.js';
import type { HandshakeMessage, ValidationMessage } from './webhook-service.js';

const snapshot: WebhookSnapshot = {
  ...{ kind: 'webhook', version: 3, id: '12', account: 'a', handler: 'https://a.example/', trigger: 'update' },
  ...{ callers: ['ms', 'copy'], database: 7, collection: 2 ** 53 - 1, fields: ['mail'], format: 'json' },
  ...{
    schedule: [5, 60],
    concurrency: 3,
    rate: 0.5,
    shards: 4,
    state: 'disabled',
    validated: true,
    signature: 'v1a',
    secrets: ['sealed'],
  },
};

function decode(type: string, bytes: Buffer): object {
  return (packageDefinition[type] as MessageTypeDefinition<object, object>).deserialize(bytes);
}

function namesOf(type: string, part: 'field' | 'value'): string[] {
  const parts = packageDefinition[type] as unknown as { type: Record<string, { name: string }[]> };
  return parts.type[part]!.map(({ name }) => name);
}

const given = (webhook: object): GivenWebhook =>
  decode('postduif.config.v1.Webhook', encode('postduif.config.v1.Webhook', webhook)) as GivenWebhook;

function refusalOf(work: () => unknown): ApiError {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('our messages', () => {
  const account: Required<AccountMessage> = { id: '1', name: 'n', copernica_id: 'c', version: 1 };
  const token: Required<TokenMessage> = { active: true, account: '1', token_id: 't', scopes: ['webhooks:read'] };
  const found = { url: 'u', found: true, status: 200, error: 'e', message: 'm', body: 'b' };
  const handshake: Required<HandshakeMessage> = {
    ...{ url: 'u', origin: 'o', granted: true, status: 200, allowed_origin: '*', allowed_rate: 60 },
    ...{ error: 'e', message: 'm' },
  };
  const validation: Required<ValidationMessage> = {
    ...{ validated: true, file_name: 'f', file_contents: 'c', locations: [found], handshake },
  };

  const rotation: Required<RotationMessage> = {
    ...{ secret: 's', public_key: 'k' },
    previous: [{ until: { seconds: 1_768_472_430, nanos: 123_000_000 }, public_key: 'p' }],
  };

  it.each([
    ['Webhook', toMessage(snapshot) satisfies WebhookMessage],
    ['Account', account],
    ['CheckTokenResponse', token],
    ['ValidateWebhookResponse', validation],
    ['RotateSecretResponse', rotation],
  ])('%s has every field of the proto file, and comes back from its bytes', (name, message) => {
    const type = `postduif.config.v1.${name}`;
    expect(Object.keys(message).sort()).toEqual(namesOf(type, 'field').sort());
    expect(decode(type, encode(type, message))).toEqual(message);
  });

  it('know every format, signature, caller and state of the contracts', () => {
    const enums = (
      packageDefinition['postduif.config.v1.Webhook'] as unknown as {
        type: { enumType: { name: string; value: { name: string }[] }[] };
      }
    ).type.enumType;
    const values = (name: string) => enums.find((one) => one.name === name)?.value.map((value) => value.name);
    const names = (prefix: string, all: readonly string[]) =>
      ['unspecified', ...all].map((one) => `${prefix}_${one.toUpperCase()}`);
    expect(values('Format')).toEqual(names('FORMAT', FORMATS));
    expect(values('Caller')).toEqual(names('CALLER', CALLERS));
    expect(values('Signature')).toEqual(names('SIGNATURE', SIGNATURES));
    expect(values('State')).toEqual(names('STATE', ['enabled', 'disabled']));
  });
});

describe('a webhook in a request', () => {
  it('given all properties, then they are those of the contracts', () => {
    const {
      handler,
      trigger,
      callers,
      database,
      collection,
      fields,
      format,
      schedule,
      concurrency,
      rate,
      shards,
      state,
      signature,
    } = snapshot;
    const properties = {
      handler,
      trigger,
      callers,
      database,
      collection,
      fields,
      format,
      schedule,
      concurrency,
      rate,
      shards,
      state,
      signature,
    };
    expect(toCreate(given(toMessage(snapshot)))).toEqual(properties);
    expect(toUpdate(given(toMessage(snapshot)), [])).toEqual(properties);
  });

  it('given only what is required, then the rest has its default', () => {
    const properties = { handler: 'https://a.example/', trigger: 'click' };
    expect(toCreate(given(properties))).toEqual(properties);
  });

  it('given an empty schedule, then it is one attempt, and without one it is the default', () => {
    const properties = { handler: 'https://a.example/', trigger: 'click' };
    expect(toCreate(given({ ...properties, schedule: { seconds: [] } }))).toEqual({ ...properties, schedule: [] });
  });

  it('given a mask, then only what it names changes, and what has no value gets its default', () => {
    const webhook = given({ handler: 'https://a.example/', rate: 2 });
    expect(toUpdate(webhook, ['rate', 'database', 'schedule'])).toEqual({ rate: 2, database: null, schedule: null });
    expect(toUpdate(webhook, [])).toEqual({ handler: 'https://a.example/', rate: 2 });
    const all = given({ ...toMessage(snapshot), callers: [], rate: undefined });
    expect(toUpdate(all, ['*'])).toMatchObject({ callers: null, rate: null, database: 7 });
  });

  it.each([
    ['no webhook', () => toCreate(null), 'webhook'],
    ['no handler', () => toCreate(given({ trigger: 'click' })), 'webhook.handler'],
    ['a handler taken away', () => toUpdate(given({}), ['handler']), 'webhook.handler'],
    ['a format that we do not know', () => toUpdate(given({ format: 99 }), []), 'webhook.format'],
    ['a caller that is unspecified', () => toUpdate(given({ callers: [0] }), []), 'webhook.callers'],
    ['a database below one', () => toUpdate(given({ database: -1 }), []), 'webhook.database'],
    ['a signature that we do not know', () => toUpdate(given({ signature: 9 }), []), 'webhook.signature'],
    ['shards below one', () => toUpdate(given({ shards: 0 }), []), 'webhook.shards'],
    ['a rate that is no number', () => toUpdate(given({ rate: NaN }), []), 'webhook.rate'],
    ['a mask with another name', () => toUpdate(given({}), ['version']), 'update_mask'],
  ])('given %s, then it is refused, and the field is named', (_, work, path) => {
    const { code, options } = refusalOf(work);
    expect([code, options.errors?.map((error) => error.path)]).toEqual(['invalid_request', [path]]);
  });
});

describe('a rotation', () => {
  const TYPE = 'postduif.config.v1.RotateSecretRequest';
  const request = (message: object) => decode(TYPE, encode(TYPE, message)) as RotationRequest;

  it('given nothing but the id, then a secret is made and the old one goes on for a day', () => {
    expect(toRotation(request({ id: '1' }))).toEqual({ overlap: 86_400 });
  });

  it('given a secret and no overlap, then both count', () => {
    expect(toRotation(request({ id: '1', secret: 'whsec_x', overlap: 0 }))).toEqual({ secret: 'whsec_x', overlap: 0 });
  });

  it('given more than seven days, then it is refused, and the field is named', () => {
    const { options } = refusalOf(() => toRotation(request({ id: '1', overlap: 604_801 })));
    expect(options.errors?.map(({ path }) => path)).toEqual(['overlap']);
  });

  it('given until when the old one signs, then it is a timestamp', () => {
    const before = { signature: 'v1', until: '2026-01-15T10:20:30.123Z' } as const;
    expect(toRotationMessage({ signature: 'v1', secret: 's', previous: [before] })).toEqual({
      ...{ secret: 's', public_key: '' },
      previous: [{ until: { seconds: 1_768_472_430, nanos: 123_000_000 }, public_key: '' }],
    });
  });

  it('given key pairs, then the public keys are there', () => {
    const before = { signature: 'v1a', publicKey: 'old', until: '1970-01-01T00:00:00Z' } as const;
    expect(toRotationMessage({ signature: 'v1a', publicKey: 'new', previous: [before] })).toEqual({
      ...{ secret: '', public_key: 'new', previous: [{ until: { seconds: 0, nanos: 0 }, public_key: 'old' }] },
    });
  });
});
