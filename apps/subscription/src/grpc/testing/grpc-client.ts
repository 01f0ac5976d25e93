import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { CallOptions, ChannelCredentials, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { MessageTypeDefinition, MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { packageDefinition } from '../package-definition.js';
import type { WebhookMessage } from '../webhook-message.js';
import type { WatchMessage } from '../webhook-service.js';

/** Any message, as proto-loader makes it. */
export type Message = Readonly<Record<string, unknown>> & { readonly webhook: WebhookMessage };

/** What a failed call has come back with. */
export interface Failure {
  readonly code: number;
  readonly message: string;
  /** Type to message. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A gRPC client without generated code. */
export class GrpcClient {
  readonly #client: Client;

  constructor(
    address: string,
    private readonly token: string | undefined,
    channel: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.#client = new Client(address, channel);
  }

  /** @param method such as `WebhookService/GetWebhook`, or with its package */
  call(method: string, request: object = {}, options: CallOptions & { signal?: AbortSignal } = {}): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = methodOf(method);
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata(),
        options,
        (error, answer) => {
          if (error === null) resolve(answer as Message);
          else reject(error);
        },
      );
      options.signal?.addEventListener('abort', () => {
        call.cancel();
      });
    });
  }

  stream(method: string, request: object = {}): ClientReadableStream<object> {
    const { path, requestSerialize, responseDeserialize } = methodOf(method);
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, this.#metadata());
  }

  /** The status of a call that fails. */
  async failure(method: string, request: object = {}, options: CallOptions = {}): Promise<Failure> {
    try {
      await this.call(method, request, options);
    } catch (error) {
      return failureOf(error as ServiceError);
    }
    throw new Error(`${method} has not failed`);
  }

  close(): void {
    this.#client.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.token !== undefined) metadata.set('authorization', `Bearer ${this.token}`);
    return metadata;
  }
}

/** A watch of webhooks, and what it has brought. */
export class Watcher {
  readonly events: WatchMessage[] = [];
  readonly #stream: ClientReadableStream<object>;
  readonly ended: Promise<Failure>;

  constructor(client: GrpcClient, known: Readonly<Record<string, number>> = {}) {
    this.#stream = client.stream('WebhookService/WatchWebhooks', { known_versions: known });
    this.#stream.on('data', (message: WatchMessage) => {
      this.events.push(message);
    });
    this.ended = new Promise((resolve) => {
      this.#stream.on('error', (error) => {
        resolve(failureOf(error as ServiceError));
      });
    });
  }

  /** `changed 5 v2`, `deleted 5` or `synced`, in their order. */
  get told(): string[] {
    return this.events.map((event) => {
      if ('changed' in event) return `changed ${event.changed.id} v${event.changed.version}`;
      return 'deleted' in event ? `deleted ${event.deleted}` : 'synced';
    });
  }

  cancel(): void {
    this.#stream.cancel();
  }
}

function methodOf(name: string): MethodDefinition<object, object> {
  const [service = '', method = ''] = name.split('/');
  const full = service.includes('.') ? service : `postduif.config.v1.${service}`;
  const found = (packageDefinition[full] as ServiceDefinition | undefined)?.[method];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

export function failureOf({ code, details: message, metadata }: ServiceError): Failure {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (bytes === undefined) return { code, message, details: {} };
  const status = decode('google.rpc.Status', bytes as Buffer) as {
    details: { type_url: string; value: Buffer }[];
  };
  const details = status.details.map(({ type_url, value }) => {
    const type = type_url.replace('type.googleapis.com/google.rpc.', '');
    return [type, decode(`google.rpc.${type}`, value)];
  });
  return { code, message, details: Object.fromEntries(details) as Record<string, unknown> };
}

function decode(type: string, bytes: Buffer): object {
  return (packageDefinition[type] as MessageTypeDefinition<object, object>).deserialize(bytes);
}
