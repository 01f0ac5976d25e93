export type { CloudEvent, CloudEventOf, CustomCloudEvent } from './cloud-event.js';
export type { CustomType } from './custom-type.js';
export type { DnsKeysOptions, ResolveTxt } from './dns-keys.js';
export { RECEIVER_ERRORS, ReceiverError } from './errors.js';
export type { ReceiverErrorCode } from './errors.js';
export { decodeForm } from './form.js';
export type { FormPair } from './form.js';
export { answerHandshake } from './handshake.js';
export type { HandshakeAnswer, HandshakeOptions } from './handshake.js';
export type { ReceivedHeaders } from './headers.js';
export type { HttpSignature, HttpSignatureOptions } from './http-signature.js';
export type {
  Body,
  CustomFormPayload,
  CustomJsonPayload,
  FormPayload,
  FormPayloadOf,
  JsonPayload,
  JsonPayloadOf,
} from './payload.js';
export { readBody } from './read-body.js';
export { Receiver } from './receiver.js';
export type { ReceivedRequest, ReceiverOptions, Signature, Webhook } from './receiver.js';
export { MemoryReplayStore } from './replays.js';
export type { ReplayStore } from './replays.js';
export type { StandardWebhookSignature, StandardWebhooksOptions } from './standard-webhooks.js';
export type { JsonScalar, Trigger } from './trigger-fields.js';
