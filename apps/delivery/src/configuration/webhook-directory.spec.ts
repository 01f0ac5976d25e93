import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { configKey } from '@postduif/contracts';
import type { SigningKeySnapshot } from '@postduif/contracts';
import { generateWebhookKeyPair, generateWebhookSecret, parseEncryptionKeys, seal } from '@postduif/signing';
import type { WebhookSigningKey } from '@postduif/signing';
import { webhook } from '../testing/world.js';
import { WebhookDirectory } from './webhook-directory.js';

const encryptionKeys = parseEncryptionKeys(randomBytes(32).toString('base64'));
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('signing keys in the directory', () => {
  let directory: WebhookDirectory;
  const unreadable: string[] = [];
  beforeEach(() => {
    unreadable.length = 0;
    directory = new WebhookDirectory(encryptionKeys, (key) => unreadable.push(key));
  });

  const tell = (id: string, state: SigningKeySnapshot['state'], given: Partial<SigningKeySnapshot> = {}) => {
    const key = configKey('signing-key', id);
    const sealed = { publicKey: 'public', privateKey: seal(encryptionKeys, PEM, key) };
    const snapshot = { kind: 'signing-key', version: 1, id, keyId: `key-${id}`, state, ...sealed, ...given } as const;
    directory.apply({ key, snapshot });
  };
  const forget = (id: string) => {
    directory.apply({ key: configKey('signing-key', id), snapshot: null });
  };
  const active = (account?: string) => directory.signingKeys.activeFor(account)?.keyId;

  it('sign only while they are active', () => {
    tell('1', 'next');
    expect(active()).toBeUndefined();
    tell('1', 'active');
    expect(active()).toBe('key-1');
    tell('1', 'retired');
    expect(active()).toBeUndefined();
  });

  it('follow each other without a moment between', () => {
    tell('9', 'active');
    tell('10', 'next');
    expect(active()).toBe('key-9');
    tell('10', 'active');
    expect(active()).toBe('key-10');
    tell('9', 'retired');
    expect(active()).toBe('key-10');
    forget('9');
    expect(active()).toBe('key-10');
  });

  it('may come back, as when the record of the newer one has vanished', () => {
    tell('1', 'retired');
    tell('2', 'active');
    tell('1', 'active');
    tell('2', 'retired');
    expect(active()).toBe('key-1');
  });

  it("of an account sign for it alone; without an active one, the installation's does", () => {
    tell('1', 'active');
    tell('2', 'next', { account: 'a' });
    expect([active('a'), active('b'), active()]).toEqual(['key-1', 'key-1', 'key-1']);
    tell('2', 'active', { account: 'a' });
    expect([active('a'), active('b'), active()]).toEqual(['key-2', 'key-1', 'key-1']);
    tell('2', 'retired', { account: 'a' });
    forget('2');
    expect(active('a')).toBe('key-1');
  });

  it('that cannot be opened are reported and left out', () => {
    tell('1', 'active');
    tell('2', 'active', { privateKey: seal(encryptionKeys, PEM, 'signing-key/3') });
    expect([active(), unreadable]).toEqual(['key-1', ['signing-key/2']]);
  });
});

const textsOf = (secrets: readonly WebhookSigningKey[]): string[] =>
  secrets.map((secret) => ('key' in secret ? `whsec_${secret.key.export().toString('base64')}` : 'a private key'));

describe('webhooks in the directory', () => {
  const unreadable: string[] = [];
  const directory = new WebhookDirectory(encryptionKeys, (key) => unreadable.push(key));
  const others = parseEncryptionKeys(randomBytes(32).toString('base64'));

  it('are as they were last written, until they are deleted', () => {
    directory.apply({ key: 'webhook/1', snapshot: webhook('1') });
    directory.apply({ key: 'webhook/2', snapshot: webhook('2') });
    directory.apply({ key: 'webhook/1', snapshot: webhook('1', { version: 2, concurrency: 3 }) });
    directory.apply({ key: 'webhook/2', snapshot: null });
    expect(directory.find('1')).toMatchObject({ version: 2, concurrency: 3 });
    expect([directory.find('2'), directory.size]).toEqual([undefined, 1]);
  });

  it('have those of their secrets that can be opened, in their order; the others are reported once', () => {
    const sealed = (by: typeof encryptionKeys) => seal(by, generateWebhookSecret(), 'webhook/1');
    const snapshot = webhook('1', { secrets: [sealed(encryptionKeys), sealed(others), sealed(encryptionKeys)] });
    directory.apply({ key: 'webhook/1', snapshot });
    expect(unreadable).toEqual([]);
    expect(directory.secrets(snapshot, 0)).toHaveLength(2);
    expect(directory.secrets(snapshot, 1)).toBe(directory.secrets(snapshot, 2));
    expect(unreadable).toEqual(['webhook/1']);
  });

  it('have old secrets until their ends, by the clock, whatever becomes of the snapshot', () => {
    const texts = [generateWebhookSecret(), generateWebhookSecret(), generateWebhookSecret()];
    const secrets = texts.map((text) => seal(encryptionKeys, text, 'webhook/1'));
    const snapshot = webhook('1', { secrets, secretEnds: ['2026-01-15T12:00:00.000Z', '2026-01-15T11:00:00.000Z'] });
    const at = (time: string) => textsOf(directory.secrets(snapshot, Date.parse(`2026-01-15T${time}Z`)));
    expect(at('10:59:59.999')).toEqual(texts);
    expect(at('11:00:00')).toEqual(texts.slice(0, 2));
    expect(at('11:59:59.999')).toEqual(texts.slice(0, 2));
    expect(at('12:00:00')).toEqual(texts.slice(0, 1));
    expect(at('23:59:59')).toEqual(texts.slice(0, 1));
  });

  it('have private keys beside secrets while one gives way to the other', () => {
    const texts = [generateWebhookKeyPair().privateKey, generateWebhookSecret()];
    const secrets = texts.map((text) => seal(encryptionKeys, text, 'webhook/1'));
    expect(textsOf(directory.secrets(webhook('1', { secrets }), 0))).toEqual(['a private key', texts[1]]);
  });

  it('have secrets without an end as long as the snapshot has them', () => {
    const secrets = [1, 2].map(() => seal(encryptionKeys, generateWebhookSecret(), 'webhook/1'));
    expect(directory.secrets(webhook('1', { secrets }), Date.UTC(2100, 0))).toHaveLength(2);
  });
});
