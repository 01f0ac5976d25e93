import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { SigningError } from './errors.js';

interface EncryptionKey {
  readonly fingerprint: string;
  readonly bytes: Buffer;
}

/** The first seals, all open: a new key is put in front, and the old ones stay until everything is sealed anew. */
export type EncryptionKeys = readonly [EncryptionKey, ...EncryptionKey[]];

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Parses the setting `ENCRYPTION_KEY`: base64 of 32 bytes, several comma separated. Throws `encryption_key_malformed`. */
export function parseEncryptionKeys(setting: string): EncryptionKeys {
  const [first, ...others] = setting.split(',').map((text) => parseKey(text.trim()));
  if (first === undefined) throw new SigningError('encryption_key_malformed');
  return [first, ...others];
}

function parseKey(text: string): EncryptionKey {
  const bytes = Buffer.from(text, 'base64');
  if (
    bytes.length !== 32 ||
    bytes.toString('base64').replace(/=+$/, '') !== text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  )
    throw new SigningError('encryption_key_malformed');
  return {
    bytes,
    fingerprint: createHash('sha256').update('postduif encryption key').update(bytes).digest('hex').slice(0, 8),
  };
}

/**
 * Encrypts a secret for storage: AES-256-GCM, `v1.<key's fingerprint>.<base64url of iv, ciphertext and tag>`.
 *
 * @param context what the secret belongs to, such as `signing-key/3`; it opens only with the same
 */
export function seal([key]: EncryptionKeys, secret: string | Uint8Array, context: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, iv).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  return `${VERSION}.${key.fingerprint}.${sealed.toString('base64url')}`;
}

/** Opens what `seal` made. Throws `encryption_key_unknown` or `sealed_secret_corrupt`. */
export function open(keys: EncryptionKeys, sealed: string, context: string): Buffer {
  const [version, fingerprint, data, ...rest] = sealed.split('.');
  const bytes = Buffer.from(data ?? '', 'base64url');
  if (
    version !== VERSION ||
    rest.length > 0 ||
    bytes.length < IV_BYTES + TAG_BYTES ||
    bytes.toString('base64url') !== data
  )
    throw new SigningError('sealed_secret_corrupt');
  const key = keys.find((one) => one.fingerprint === fingerprint);
  if (key === undefined) throw new SigningError('encryption_key_unknown');
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new SigningError('sealed_secret_corrupt', undefined, { cause: error });
  }
}
