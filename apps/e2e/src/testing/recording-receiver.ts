import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { until } from './until.js';

/** A request as it came over the wire. */
export interface RecordedRequest {
  readonly method: string;
  /** The raw request target. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default: at once. */
  readonly afterMs?: number;
}

/** What the nth request (from 0) to an endpoint is answered; `hang` leaves it open. */
export type Script = (nth: number, request: RecordedRequest) => Answer | 'hang';

const accept: Script = () => ({ status: 200 });

/** A customer's web server: records what arrives at each path and answers as that path's script says. */
export class RecordingReceiver {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #server: Server;
  #port = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  /** Listens on every address of this machine, so that whatever is sent to it in whatever notation arrives. */
  static async listen(): Promise<RecordingReceiver> {
    const receiver = new RecordingReceiver();
    await receiver.comeBack();
    return receiver;
  }

  get port(): number {
    return this.#port;
  }

  /** The endpoint at a path; a request to a path without one is answered 404. */
  at(path: string, script: Script = accept): Endpoint {
    const endpoint = new Endpoint(`http://127.0.0.1:${this.#port}${path}`, script);
    this.#endpoints.set(path, endpoint);
    return endpoint;
  }

  /** Closes the port and every connection. */
  async goAway(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Opens the port again: the same as before, if there was one. */
  async comeBack(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', headers } = incoming;
    const body = await buffer(incoming);
    const endpoint = this.#endpoints.get(target.replace(/\?.*/, ''));
    if (endpoint) endpoint.take({ method, target, headers, body }, response);
    else response.writeHead(404).end();
  }
}

/** One path of the receiver. */
export class Endpoint {
  readonly requests: RecordedRequest[] = [];
  /** Ids of the events that have arrived. */
  readonly arrived = new Set<string>();
  readonly #open = new Set<ServerResponse>();
  #mostOpen = 0;

  constructor(
    readonly url: string,
    private script: Script,
  ) {}

  /** Requests that wait for their answer. */
  get open(): number {
    return this.#open.size;
  }

  /** The most that ever waited at the same time. */
  get mostOpen(): number {
    return this.#mostOpen;
  }

  /** The event of each request. */
  get events(): string[] {
    return this.requests.map(eventOf);
  }

  /** How many requests brought an event that had come before. */
  get repeats(): number {
    return this.requests.length - this.arrived.size;
  }

  take(request: RecordedRequest, response: ServerResponse): void {
    const nth = this.requests.push(request) - 1;
    this.arrived.add(eventOf(request));
    this.#open.add(response);
    this.#mostOpen = Math.max(this.#mostOpen, this.#open.size);
    response.on('close', () => this.#open.delete(response));
    const answer = this.script(nth, request);
    if (answer === 'hang') return;
    const { status, headers, body, afterMs } = answer;
    const end = (): void => void response.writeHead(status, headers).end(body);
    if (afterMs === undefined) end();
    else setTimeout(end, afterMs);
  }

  /** From now on the script is another; what hangs is answered 200. */
  become(script: Script = accept): void {
    this.script = script;
    for (const response of this.#open) response.writeHead(200).end();
  }

  async receives(count: number): Promise<readonly RecordedRequest[]> {
    await until(() => this.requests.length >= count, `${this.url} has ${count} requests`);
    return this.requests;
  }
}

function eventOf({ headers }: RecordedRequest): string {
  return String(headers['x-webhook-event-id']);
}
