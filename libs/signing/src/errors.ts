/** Every way in which signing, verifying or opening can fail. A code is stable; the sentence says what to do. */
export const SIGNING_ERRORS = {
  header_missing: 'The request lacks a header that the signature needs, or it is empty.',
  signature_malformed:
    'The Signature header is not of the form keyId="…",algorithm="…",headers="…",signature="…" on one line.',
  algorithm_not_supported: 'Only the algorithm rsa-sha256 is accepted.',
  header_name_not_lower_case: 'Names in the list of covered headers must be in lower case.',
  header_not_covered: 'The signature does not cover a header that it must cover.',
  digest_malformed: 'The Digest header must be sha-256=<base64>, the label in lower case.',
  digest_mismatch: 'The Digest header does not match the body: the body was changed, or read after decoding.',
  date_malformed: 'The Date header must be an IMF-fixdate in GMT.',
  date_too_old: 'The request is older than allowed. Check the clocks, and sign at the moment of sending.',
  date_in_future: 'The request comes from the future. Check the clocks.',
  host_mismatch: 'The Host header names another host than expected.',
  copernica_id_mismatch: 'X-Copernica-ID names another account than expected.',
  key_not_allowed: 'The keyId is not under a domain that is trusted to sign.',
  key_not_found: 'There is no public key under the name in keyId.',
  key_not_rsa: 'The key under the name in keyId is not an RSA key, although the algorithm is rsa-sha256.',
  key_record_malformed: 'The DNS record must be v=DKIM1;k=rsa;p=<base64 of the public key>.',
  signature_mismatch: 'The signature does not fit the request: target, host, a covered header or the key differs.',
  timestamp_malformed: 'The header webhook-timestamp must be Unix seconds.',
  timestamp_out_of_tolerance: 'The header webhook-timestamp is too far from now. Check the clocks.',
  secret_malformed: 'A secret is whsec_ and base64 of 24 to 64 bytes.',
  private_key_malformed: 'A private key is whsk_ and base64 of 64 bytes: the private key, then its public key.',
  public_key_malformed: 'A public key is whpk_ and base64 of 32 bytes.',
  encryption_key_malformed:
    'An encryption key is base64 of exactly 32 bytes; several are separated by commas. Make one with: openssl rand -base64 32',
  encryption_key_unknown:
    'The secret was sealed with a key that is not given. Add that key to ENCRYPTION_KEY, after the first.',
  sealed_secret_corrupt: 'The sealed secret was changed, or belongs to something else.',
} as const;

export type SigningErrorCode = keyof typeof SIGNING_ERRORS;

export class SigningError extends Error {
  override readonly name = 'SigningError';

  /** @param detail names the header or value; never a secret */
  constructor(
    readonly code: SigningErrorCode,
    readonly detail?: string,
    options?: ErrorOptions,
  ) {
    super(detail === undefined ? SIGNING_ERRORS[code] : `${SIGNING_ERRORS[code]} (${detail})`, options);
  }
}
