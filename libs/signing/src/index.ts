export * from './errors.js';
export * from './http-signature.js';
export * from './http-signature-verifier.js';
export * from './sealed-secret.js';
export * from './signing-key.js';
export * from './standard-webhooks.js';
export * from './standard-webhooks-keys.js';
export * from './webhook-headers.js';
