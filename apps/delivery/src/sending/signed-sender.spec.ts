import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { configKey } from '@postduif/contracts';
import type { OutboundSender } from '@postduif/outbound';
import { generateWebhookSecret, parseEncryptionKeys, seal } from '@postduif/signing';
import { WebhookDirectory } from '../configuration/webhook-directory.js';
import { systemClock } from '../engine/ports.js';
import { webhook } from '../testing/world.js';
import { SignedSender } from './signed-sender.js';

const someKeys = () => parseEncryptionKeys(randomBytes(32).toString('base64'));

describe('canSign', () => {
  it.each(['json', 'cloudevents'] as const)(
    'given a webhook of format %s, then only if one of its secrets can be opened',
    (format) => {
      const keys = someKeys();
      const directory = new WebhookDirectory(keys, () => undefined);
      const nobody: Pick<OutboundSender, 'send'> = { send: () => Promise.reject(new Error('nothing is sent here')) };
      const sender = new SignedSender(directory, nobody, systemClock, () => undefined);
      const sealedWith = (one: typeof keys) => seal(one, generateWebhookSecret(), configKey('webhook', '1'));
      const canSign = (...secrets: string[]) => sender.canSign(webhook('1', { format, secrets }));

      expect(canSign(sealedWith(keys))).toBe(true);
      expect(canSign(sealedWith(someKeys()), sealedWith(keys))).toBe(true);
      expect(canSign(sealedWith(someKeys()))).toBe(false);
    },
  );
});
