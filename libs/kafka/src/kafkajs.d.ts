/** kafkajs' queue of requests to one broker, as far as we touch it. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
  }
}

/** The requests that kafkajs can make, as far as we touch them. */
declare module 'kafkajs/src/protocol/requests/index.js' {
  import type { Message } from 'kafkajs';

  export interface ProduceRequest {
    readonly acks: number;
    /** Milliseconds. */
    readonly timeout: number;
    /** Set in a transaction. */
    readonly transactionalId?: string | null | undefined;
    /** Set by an idempotent producer; else -1. */
    readonly producerId?: { toString(): string } | undefined;
    /** Number of a codec; 0 is none. */
    readonly compression?: number | undefined;
    readonly topicData: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly messages: readonly Message[] }[];
    }[];
  }

  /** `encode` gives kafkajs' `Encoder`, of which no more than this is read. */
  type MakeProduceRequest = (options: ProduceRequest) => {
    readonly request: {
      encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
      expectResponse(): boolean;
    };
  };

  const protocol: {
    readonly requests: { readonly Produce: { protocol: (of: { readonly version: number }) => MakeProduceRequest } };
  };
  export default protocol;
}

/** What kafkajs writes its requests with, as far as we touch it. */
declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    buf: Buffer;
    /** Where to go on in `buf`. */
    offset: number;
    readonly buffer: Buffer;
    writeBufferInternal: (this: Encoder, buffer: Buffer) => void;
    /** Without `offset` all of `buf` counts. */
    writeEncoder: (this: Encoder, encoder: { readonly buf: Buffer; readonly offset?: number }) => Encoder;
    size: (this: Encoder) => number;
  }
}
