import { once } from 'node:events';
import { Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Metadata } from '@grpc/grpc-js';
import { ApiError } from '@postduif/contracts';
import type { HandshakeReport, LocationReport } from '@postduif/contracts';
import { from } from 'rxjs';
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { ifVersion } from '../changes/precondition.js';
import { TestCalls } from '../test-calls/test-calls.js';
import { HandlerValidation } from '../validation/handler-validation.js';
import { toSnapshot } from '../webhooks/webhook.js';
import type { Webhook } from '../webhooks/webhook.js';
import { Webhooks } from '../webhooks/webhooks.js';
import { Callers, givenUp } from './callers.js';
import type { StreamCall, UnaryCall } from './callers.js';
import { ConfigChanges } from './config-changes.js';
import { GrpcController } from './grpc-errors.js';
import { parseMessage, within } from './parse-message.js';
import { toRotation, toRotationMessage } from './rotation-message.js';
import type { RotationMessage, RotationRequest } from './rotation-message.js';
import { Stopping } from './stopping.js';
import { toContent, toTestMessage } from './test-message.js';
import type { TestMessage, TestRequestMessage } from './test-message.js';
import { required, toCreate, toMessage, toUpdate } from './webhook-message.js';
import type { GivenWebhook, WebhookMessage } from './webhook-message.js';
import { WebhookWatch } from './webhook-watch.js';
import type { WebhookEvent } from './webhook-watch.js';

const MOST_PAGE_SIZE = 100;
const DEFAULT_PAGE_SIZE = 50;
const webhookId = z.string().regex(/^[1-9]\d{0,17}$/, 'must be the id of a webhook');

const listRequest = z.object({
  /** Zero is "not given". */
  page_size: z.int().min(0).max(MOST_PAGE_SIZE),
  page_token: z.string().transform((token, context) => {
    const after = token === '' ? '0' : Buffer.from(token, 'base64url').toString();
    if (after === '0' || webhookId.safeParse(after).success) return after;
    context.addIssue({ code: 'custom', message: 'must be the next_page_token of a page before' });
    return z.NEVER;
  }),
  trigger: z.string().transform((trigger) => (trigger === '' ? undefined : trigger)),
});

const watchRequest = z.object({ known_versions: z.record(webhookId, z.int()) });

interface Id {
  readonly id: string;
}

/** Zero: whatever version there is. */
interface Expecting {
  readonly expected_version: number;
}

interface UpdateRequest extends Expecting {
  readonly webhook: GivenWebhook | null;
  readonly update_mask: { readonly paths: string[] } | null;
}

interface WebhookAnswer {
  readonly webhook: WebhookMessage;
}

/** `ValidateWebhookResponse`. */
export interface ValidationMessage {
  readonly validated: boolean;
  readonly file_name: string;
  readonly file_contents: string;
  readonly locations: readonly LocationReport[];
  readonly handshake: HandshakeMessage | null;
}

/** `ValidateWebhookResponse.Handshake`. */
export interface HandshakeMessage {
  readonly url: string;
  readonly origin: string;
  readonly granted: boolean;
  readonly status?: number | undefined;
  readonly allowed_origin: string;
  readonly allowed_rate?: number;
  readonly error: string;
  readonly message: string;
}

/** `WatchWebhooksResponse`. */
export type WatchMessage =
  { readonly changed: WebhookMessage } | { readonly deleted: string } | { readonly synced: object };

/** `postduif.config.v1.WebhookService`. */
@GrpcController()
export class WebhookService {
  constructor(
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Webhooks) private readonly webhooks: Webhooks,
    @Inject(HandlerValidation) private readonly validation: HandlerValidation,
    @Inject(TestCalls) private readonly tests: TestCalls,
    @Inject(ConfigChanges) private readonly changes: ConfigChanges,
    @Inject(Stopping) private readonly stopping: Stopping,
  ) {}

  @GrpcMethod('WebhookService', 'CreateWebhook')
  create({ webhook }: { webhook: GivenWebhook | null }, _metadata: Metadata, call: UnaryCall): Promise<WebhookAnswer> {
    return this.callers.perform(call, 'webhooks:write', async (caller) =>
      answer(await within('webhook', this.webhooks.create(caller, toCreate(webhook)))),
    );
  }

  @GrpcMethod('WebhookService', 'GetWebhook')
  get({ id }: Id, _metadata: Metadata, call: UnaryCall): Promise<WebhookAnswer> {
    return this.callers.perform(call, 'webhooks:read', async (caller) => answer(await this.webhooks.get(caller, id)));
  }

  @GrpcMethod('WebhookService', 'ListWebhooks')
  list(
    request: unknown,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<{ webhooks: WebhookMessage[]; next_page_token: string }> {
    return this.callers.perform(call, 'webhooks:read', async ({ account }) => {
      const { page_size: size, page_token: after, trigger } = parseMessage(listRequest, request);
      const limit = size === 0 ? DEFAULT_PAGE_SIZE : size;
      const found = await this.webhooks.listAfter({ account, trigger }, { after, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const next = last === undefined ? '' : Buffer.from(last.id).toString('base64url');
      return { webhooks: page.map((webhook) => toMessage(toSnapshot(webhook))), next_page_token: next };
    });
  }

  @GrpcMethod('WebhookService', 'UpdateWebhook')
  update(
    { webhook, update_mask: mask, expected_version: version }: UpdateRequest,
    _metadata: Metadata,
    call: UnaryCall,
  ): Promise<WebhookAnswer> {
    return this.callers.perform(call, 'webhooks:write', async (caller) => {
      const change = toUpdate(webhook, mask?.paths ?? []);
      const { id } = required(webhook);
      return answer(await within('webhook', this.webhooks.change(caller, id, change, ifVersion(version))));
    });
  }

  @GrpcMethod('WebhookService', 'DeleteWebhook')
  delete({ id, expected_version: version }: Id & Expecting, _metadata: Metadata, call: UnaryCall): Promise<object> {
    return this.callers.perform(call, 'webhooks:write', async (caller) => {
      await this.webhooks.delete(caller, id, ifVersion(version));
      return {};
    });
  }

  @GrpcMethod('WebhookService', 'ValidateWebhook')
  validate({ id }: Id, _metadata: Metadata, call: UnaryCall): Promise<ValidationMessage> {
    return this.callers.perform(call, 'webhooks:write', async (caller, signal) => {
      const { verification } = await this.webhooks.get(caller, id);
      const { validated, locations, handshake } = await this.validation.validate(caller, id, signal);
      const file = { file_name: verification.name, file_contents: verification.line };
      return { validated, ...file, locations, handshake: handshake ? toHandshakeMessage(handshake) : null };
    });
  }

  @GrpcMethod('WebhookService', 'TestWebhook')
  test(request: TestRequestMessage, _metadata: Metadata, call: UnaryCall): Promise<TestMessage> {
    return this.callers.perform(call, 'webhooks:write', async (caller, signal) =>
      toTestMessage(await this.tests.test(caller, request.id, toContent(request), { signal })),
    );
  }

  @GrpcMethod('WebhookService', 'RotateSecret')
  rotateSecret(request: RotationRequest, _metadata: Metadata, call: UnaryCall): Promise<RotationMessage> {
    return this.callers.perform(call, 'webhooks:write', async (caller) =>
      toRotationMessage(await this.webhooks.rotateSecret(caller, request.id, toRotation(request))),
    );
  }

  @GrpcMethod('WebhookService', 'WatchWebhooks')
  watch(request: unknown, _metadata: Metadata, call: StreamCall): Observable<WatchMessage> {
    return from(this.#watch(request, call));
  }

  async *#watch(request: unknown, call: StreamCall): AsyncGenerator<WatchMessage, void, undefined> {
    const stopping = this.stopping.signal;
    const signal = AbortSignal.any([givenUp(call), stopping]);
    const authorize = () => this.callers.authorize(call, 'webhooks:read');
    const caller = await authorize();
    const { known_versions: known } = parseMessage(watchRequest, request);
    const { webhooks, changes } = this;
    const checkAccess = async (): Promise<void> => {
      await authorize();
    };
    const watch = new WebhookWatch({ caller, known, webhooks, changes, checkAccess, signal });
    for await (const event of watch.events()) {
      yield toWatchMessage(event);
      if (call.writableNeedDrain) await drained(call, signal);
    }
    if (stopping.aborted)
      throw new ApiError('not_ready', 'This instance is stopping. Call again: another one answers, or this one soon.');
  }
}

function answer(webhook: Webhook): WebhookAnswer {
  return { webhook: toMessage(toSnapshot(webhook)) };
}

function toHandshakeMessage({
  allowedOrigin,
  allowedRate,
  error,
  message,
  ...report
}: HandshakeReport): HandshakeMessage {
  return {
    ...report,
    allowed_origin: allowedOrigin ?? '',
    ...(typeof allowedRate === 'number' ? { allowed_rate: allowedRate } : {}),
    error: error ?? '',
    message: message ?? '',
  };
}

function toWatchMessage(event: WebhookEvent): WatchMessage {
  switch (event.kind) {
    case 'changed':
      return { changed: toMessage(event.webhook) };
    case 'deleted':
      return { deleted: event.id };
    case 'synced':
      return { synced: {} };
  }
}

async function drained(call: StreamCall, signal: AbortSignal): Promise<void> {
  try {
    await once(call, 'drain', { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
