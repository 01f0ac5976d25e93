import { rotateSecret } from '@postduif/contracts';
import type { RotateSecret, SecretView } from '@postduif/contracts';
import { parseMessage } from './parse-message.js';

/** `RotateSecretRequest`. */
export interface RotationRequest {
  readonly id: string;
  readonly secret: string;
  readonly overlap?: number;
}

/** `RotateSecretResponse`. */
export interface RotationMessage {
  /** Empty with `v1a`. */
  readonly secret: string;
  /** Empty with `v1`. */
  readonly public_key: string;
  readonly previous: readonly {
    readonly until: { readonly seconds: number; readonly nanos: number };
    readonly public_key: string;
  }[];
}

/** Throws `invalid_request`. */
export function toRotation({ secret, overlap }: RotationRequest): RotateSecret {
  return parseMessage(rotateSecret, {
    ...(secret === '' ? {} : { secret }),
    ...(overlap === undefined ? {} : { overlap }),
  });
}

export function toRotationMessage({ previous, ...newest }: SecretView): RotationMessage {
  return {
    secret: newest.signature === 'v1' ? newest.secret : '',
    public_key: newest.signature === 'v1a' ? newest.publicKey : '',
    previous: previous.map(({ until, publicKey = '' }) => ({ until: timestamp(until), public_key: publicKey })),
  };
}

/** `google.protobuf.Timestamp`. */
function timestamp(moment: string): { seconds: number; nanos: number } {
  const ms = Date.parse(moment);
  return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
}
