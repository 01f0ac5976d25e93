import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { hashToken } from './tokens.js';

/** What a JWT is valid for (spec section 10.1). */
export const JWT_HOURS = 24;

const ISSUER = 'postduif';
const ALGORITHM = 'EdDSA';
const FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;
/** Checking a signature takes a while; clients send the same JWT with every request. */
const MOST_REMEMBERED = 10_000;

/** Whether a text looks like a JWT. */
export function isJwt(text: string): boolean {
  return FORM.test(text);
}

/** A new key pair for JWTs (Ed25519), in PEM. */
export function createJwtKey(): { readonly publicKey: string; readonly privateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Whom a JWT speaks for: a token of an account, with what that token may do when the JWT is used. */
export interface JwtSubject {
  readonly account: string;
  /** Id of the token. */
  readonly token: string;
}

/**
 * Signs a JWT for a token.
 *
 * @param key its id, and the private key in PEM
 * @param now Unix milliseconds
 */
export function signJwt(
  { account, token }: JwtSubject,
  key: { readonly id: string; readonly privateKey: string },
  now: number,
): Promise<string> {
  const seconds = Math.floor(now / 1_000);
  return new SignJWT({ token })
    .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: key.id })
    .setIssuer(ISSUER)
    .setSubject(account)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + JWT_HOURS * 3_600)
    .sign(createPrivateKey(key.privateKey));
}

/** The keys that JWTs are checked with. */
export class JwtKeys {
  readonly #keys = new Map<string, KeyObject>();
  readonly #remembered = new Map<string, JwtSubject & { readonly until: number }>();

  /** @param now Unix milliseconds */
  constructor(private readonly now: () => number = Date.now) {}

  has(id: string): boolean {
    return this.#keys.has(id);
  }

  /** @param publicKey SPKI in PEM; `undefined` when the key is gone */
  set(id: string, publicKey: string | undefined): void {
    this.#remembered.clear();
    if (publicKey === undefined) this.#keys.delete(id);
    else this.#keys.set(id, createPublicKey(publicKey));
  }

  /** Whom a JWT speaks for; `undefined` when it is none, is not valid, or has expired. */
  async verify(jwt: string): Promise<JwtSubject | undefined> {
    if (!isJwt(jwt)) return undefined;
    const hash = hashToken(jwt);
    const remembered = this.#remembered.get(hash);
    if (remembered !== undefined) return remembered.until > this.now() ? remembered : undefined;
    const checked = await this.#check(jwt);
    if (checked === undefined) return undefined;
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(hash, checked);
    return checked;
  }

  async #check(jwt: string): Promise<(JwtSubject & { readonly until: number }) | undefined> {
    try {
      const { payload } = await jwtVerify(jwt, ({ kid }) => this.#key(kid), {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(this.now()),
      });
      const { sub, exp, token } = payload;
      if (sub === undefined || exp === undefined || typeof token !== 'string') return undefined;
      return { account: sub, token, until: exp * 1_000 };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  #key(id: string | undefined): KeyObject {
    const key = this.#keys.get(id ?? '');
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}
