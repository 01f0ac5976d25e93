import { createHash, randomBytes, sign as rsaSign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A header as it goes out, or came in. */
export type Header = readonly [name: string, value: string];

/** Makes an RSASSA-PKCS1-v1_5 signature with SHA-256. */
export type AsyncSigner = (signingString: Buffer) => Buffer | Promise<Buffer>;

/** Signs in libuv's thread pool, off the main thread. The key is parsed once, by the caller. */
export function rsaSigner(privateKey: KeyObject): AsyncSigner {
  return (signingString) =>
    new Promise((resolve, reject) => {
      rsaSign('sha256', signingString, privateKey, (error, signature) => {
        if (error) reject(error);
        else resolve(signature);
      });
    });
}

/** What is signed with a body (spec section 6.2, step 3), in this order. */
export const COVERED = [
  '(request-target)',
  'host',
  'date',
  'content-length',
  'content-type',
  'x-copernica-id',
  'digest',
  'x-nonce',
] as const;
/** The same without the headers that a request without a body does not have. */
export const COVERED_WITHOUT_BODY = COVERED.filter((name) => !name.startsWith('content-'));

export interface RequestToSign {
  /** `POST`, or `GET` for a verification file. */
  readonly method: string;
  /** Exactly as on the request line: path and query, percent-encoding untouched. */
  readonly target: string;
  /** Exact value of the Host header, with the port unless it is the scheme's own. */
  readonly host: string;
  /** Time of this attempt: receivers reject after 60 seconds. */
  readonly date: Date;
  /** Absent for a request without a body. */
  readonly contentType?: string;
  /** Empty for a request without a body. */
  readonly body: Uint8Array;
  /** Value of X-Copernica-ID, such as `account_1234` (spec section 6.5). */
  readonly copernicaId: string;
  /** A fresh one for every request: `createNonce()`. */
  readonly nonce: string;
  /** Complete DNS name of the public key. */
  readonly keyId: string;
  readonly sign: AsyncSigner;
}

/**
 * Signs a request as Copernica does (spec section 6; draft-cavage-http-signatures). Returns the headers to add, in their order;
 * Host is not among them.
 */
export async function signRequest(request: RequestToSign): Promise<Header[]> {
  const withBody = request.contentType !== undefined;
  const headers: Header[] = [
    ['Date', imfFixdate(request.date)],
    ...(request.contentType === undefined
      ? []
      : ([
          ['Content-Type', request.contentType],
          ['Content-Length', String(request.body.length)],
        ] as const)),
    ['X-Copernica-ID', request.copernicaId],
    ['Digest', digestHeader(request.body)],
    ['X-Nonce', request.nonce],
  ];
  const covered = withBody ? COVERED : COVERED_WITHOUT_BODY;
  const toSign = signingString(request.method, request.target, [['Host', request.host], ...headers], covered);
  const signature = await request.sign(Buffer.from(toSign, 'latin1'));
  return [...headers, ['Signature', signatureHeader(request.keyId, covered, signature)]];
}

/** `sha-256=<base64>`; the label must be in lower case for the vendor's verifier (spec section 6.3). */
export function digestHeader(body: Uint8Array): string {
  return `sha-256=${createHash('sha256').update(body).digest('base64')}`;
}

/** One line a covered name, joined with LF, none at the end. A header that is not there counts as empty. */
export function signingString(
  method: string,
  target: string,
  headers: readonly Header[],
  covered: readonly string[],
): string {
  const values = new Map<string, string>();
  for (const [name, value] of headers)
    if (!values.has(name.toLowerCase())) values.set(name.toLowerCase(), value.trim());
  values.set('(request-target)', `${method.toLowerCase()} ${target}`);
  return covered.map((name) => `${name}: ${values.get(name) ?? ''}`).join('\n');
}

/** Value of the Signature header, on one line. */
export function signatureHeader(keyId: string, covered: readonly string[], signature: Uint8Array): string {
  return `keyId="${keyId}",algorithm="rsa-sha256",headers="${covered.join(' ')}",signature="${Buffer.from(signature).toString('base64')}"`;
}

/** RFC 9110 section 5.6.7, such as `Thu, 15 Jan 2026 10:20:30 GMT`. */
export function imfFixdate(date: Date): string {
  return date.toUTCString();
}

/** 64 random bits as 16 hexadecimal digits. `random` gives that many random bytes; default: those of node:crypto. */
export function createNonce(random: (bytes: number) => Buffer = randomBytes): string {
  return random(8).toString('hex');
}
