import { randomUUID } from 'node:crypto';
import { startStack } from '@postduif/stack';
import type { Stack, StackOptions } from '@postduif/stack';
import { RecordingReceiver } from './recording-receiver.js';
import { until } from './until.js';

/** An event as a producer posts it. */
export interface PostedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly [attribute: string]: unknown;
}

/** As far as these tests look at it. */
export interface AttemptView {
  readonly attempt: number;
  readonly at: string;
  readonly outcome: string;
  readonly requested: boolean;
  readonly event: string;
  readonly delivery: string;
  readonly status?: number;
  readonly error?: string;
  readonly nextAttemptAt?: string;
  readonly reason?: string;
}

export interface DeliveryView {
  readonly id: string;
  readonly webhook: string;
  readonly state: string;
  readonly reason?: string;
  readonly attempts: readonly AttemptView[];
}

export interface EventView {
  readonly event: Readonly<Record<string, unknown>>;
  readonly acceptedAt: string;
  readonly deliveries: readonly DeliveryView[];
}

const JSON_TYPE = 'application/json';

/** The real processes on a Kafka and a PostgreSQL of their own, used as customers use them: over HTTP, with the token of `credentials.json`. */
export class RunningSystem {
  private constructor(
    readonly stack: Stack,
    private readonly landmarks: RecordingReceiver,
  ) {}

  static async start(options: Pick<StackOptions, 'env'> = {}): Promise<RunningSystem> {
    const [stack, landmarks] = await Promise.all([
      // Tests kill processes, not the machine: what the kernel has taken survives.
      startStack({ durable: false, timeoutMs: 120_000, ...options }),
      RecordingReceiver.listen(),
    ]);
    return new RunningSystem(stack, landmarks);
  }

  async stop(): Promise<void> {
    await this.landmarks.goAway();
    await this.stack.stop();
  }

  /** A call to the front door. A body that is an object goes as JSON. */
  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const { api, token } = this.stack.credentials;
    const raw = typeof body === 'string' || body instanceof URLSearchParams || body instanceof Uint8Array;
    return fetch(`${api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined || raw ? {} : { 'content-type': JSON_TYPE }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    });
  }

  async get<T>(path: string): Promise<T> {
    return (await expectStatus(200, await this.call('GET', path))).json() as Promise<T>;
  }

  /** Registers a webhook and returns its id. The services may not know it yet: see `settled`. */
  async createWebhook(properties: Readonly<Record<string, unknown>>): Promise<string> {
    const response = await expectStatus(201, await this.call('POST', '/v4/webhooks', properties));
    return response.headers.get('x-created') ?? '';
  }

  async changeWebhook(id: string, properties: Readonly<Record<string, unknown>>): Promise<void> {
    await expectStatus(204, await this.call('PUT', `/v4/webhook/${id}`, properties));
  }

  /** Resolves when the webhook has properties that it gets by itself. */
  async shows(id: string, properties: Readonly<Record<string, unknown>>): Promise<void> {
    await until(
      async () => {
        const view = await this.get<Record<string, unknown>>(`/v4/webhook/${id}`);
        return Object.entries(properties).every(([name, value]) => view[name] === value);
      },
      `webhook ${id} has ${JSON.stringify(properties)}`,
    );
  }

  /**
   * Resolves when what was configured so far is in force. Configuration travels in order: when a webhook that is made now gets its
   * event, every service on the way knows what was there before it.
   */
  async settled(): Promise<void> {
    const type = `landmark.${randomUUID()}`;
    const landmark = this.landmarks.at(`/${type}`);
    await this.createWebhook({ handler: landmark.url, trigger: type });
    await until(async () => {
      await this.post({ type, data: {} });
      return landmark.requests.length > 0;
    }, 'the configuration is in force');
  }

  /** Posts one event and returns its id. */
  async post(event: PostedEvent): Promise<string> {
    const response = await expectStatus(202, await this.call('POST', '/v1/events', event));
    return ((await response.json()) as { id: string }).id;
  }

  /** The event with its deliveries, as soon as history shows what is waited for. */
  history(event: string, shows: (view: EventView) => boolean): Promise<EventView> {
    return until(async () => {
      const response = await this.call('GET', `/v1/events/${encodeURIComponent(event)}`);
      const view = response.status === 200 ? ((await response.json()) as EventView) : undefined;
      return view !== undefined && shows(view) && view;
    }, `history shows what is expected of event ${event}`);
  }

  /** The only delivery of an event, as soon as it has come to an end. */
  async ended(event: string): Promise<DeliveryView> {
    const over = ({ deliveries }: EventView): boolean =>
      deliveries.length > 0 && deliveries.every(({ state }) => state !== 'retrying');
    const [delivery, ...others] = (await this.history(event, over)).deliveries;
    if (delivery === undefined || others.length > 0) throw new Error(`${others.length + 1} deliveries instead of one`);
    return delivery;
  }

  /** All attempts that history lists under a filter, page by page. */
  async attempts(filter: Readonly<Record<string, string>>): Promise<AttemptView[]> {
    const found: AttemptView[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = new URLSearchParams({ ...filter, limit: '500', ...(cursor === '' ? {} : { cursor }) });
      const page: { data: AttemptView[]; next: string | null } = await this.get(`/v1/attempts?${query.toString()}`);
      found.push(...page.data);
      cursor = page.next;
    }
    return found;
  }

  /** The successful attempts of a webhook, as soon as history has one for each of these events. */
  async delivered(webhook: string, events: ReadonlySet<string>): Promise<AttemptView[]> {
    // One question that is cheap until the last is there, which mostly comes last.
    const last = [...events].at(-1);
    if (last !== undefined) await this.ended(last);
    return until(async () => {
      const attempts = await this.attempts({ webhook, outcome: 'delivered' });
      const known = new Set(attempts.map(({ event }) => event));
      return [...events].every((event) => known.has(event)) && attempts;
    }, `history has all deliveries of webhook ${webhook}`);
  }
}

async function expectStatus(status: number, response: Response): Promise<Response> {
  if (response.status !== status)
    throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  return response;
}
