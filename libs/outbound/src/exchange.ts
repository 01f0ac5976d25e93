import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Connection } from './connection.js';
import { describe, type OutboundErrorCode } from './errors.js';
import { exchangeError } from './failure.js';
import type { OriginConnections, Waiter } from './origin-connections.js';
import type { ConnectTiming, ExchangeTiming, OutboundResult } from './result.js';
import { KeptBody, keptHeaders } from './kept-response.js';

export interface ExchangeOptions {
  readonly connections: OriginConnections;
  readonly request: Dispatcher.DispatchOptions;
  readonly signal?: AbortSignal | undefined;
  readonly headersTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly connectionWaitMs: number;
  readonly maxResponseBytes: number;
  readonly keptResponseBytes: number;
  readonly now: () => number;
  readonly done: (result: OutboundResult) => void;
}

/** How far an exchange got; what a deadline that passes means depends on it. */
type Stage = 'waiting' | 'connecting' | 'sent' | 'reading' | 'done';

const DEADLINE_CODES: Readonly<Record<Exclude<Stage, 'done'>, OutboundErrorCode>> = {
  waiting: 'connection_wait_timeout',
  connecting: 'connect_timeout',
  sent: 'headers_timeout',
  reading: 'response_timeout',
};

/** One request and its response, from waiting for a connection to the result. Ends exactly once. */
export class Exchange implements Waiter, Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #startedAt: number;
  readonly #deadline: NodeJS.Timeout;
  readonly #body: KeptBody;
  #stageDeadline: NodeJS.Timeout | undefined;
  #stage: Stage = 'waiting';
  #connection: Connection | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #remoteAddress: string | undefined;
  #status = 0;
  #headers: Record<string, string> = {};
  #queuedMs: number | undefined;
  #connecting: ConnectTiming | undefined;
  #firstByteMs: number | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    this.#body = new KeptBody(options.keptResponseBytes);
    this.#deadline = setTimeout(() => {
      this.#giveUp(options.totalTimeoutMs);
    }, options.totalTimeoutMs);
  }

  /** Asks for a connection and sends. */
  run(): void {
    const { signal, connections, connectionWaitMs } = this.#options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) {
      this.cancel();
      return;
    }
    connections.enter(this);
    if (this.#stage === 'waiting') this.#limitStage(connectionWaitMs);
  }

  /** Breaks the exchange off; its result is `aborted`. */
  cancel(): void {
    this.#fail('aborted');
  }

  start(connection: Connection): void {
    clearTimeout(this.#stageDeadline);
    this.#stage = 'connecting';
    this.#connection = connection;
    this.#queuedMs = this.#elapsed();
    connection.dispatch(this.#options.request, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#stage = 'sent';
    this.#controller = controller;
    this.#remoteAddress = this.#connection?.remoteAddress;
    this.#connecting = this.#connection?.takeConnectTiming();
    this.#limitStage(this.#options.headersTimeoutMs);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Interim responses (100 to 199) precede the response.
    if (status < 200 || this.#stage === 'done') return;
    clearTimeout(this.#stageDeadline);
    this.#stage = 'reading';
    this.#firstByteMs = this.#elapsed();
    this.#status = status;
    this.#headers = keptHeaders(headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#stage === 'done') return;
    this.#body.add(chunk);
    if (this.#body.received > this.#options.maxResponseBytes) this.#respond(false);
  }

  onResponseEnd(): void {
    this.#respond(true);
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    const { code, message, remoteAddress } = exchangeError(cause);
    this.#remoteAddress ??= remoteAddress;
    this.#end({ outcome: 'error', code, message, ...this.#facts() }, false);
  }

  readonly #onAbort = (): void => {
    this.cancel();
  };

  /** Gives up when this stage takes longer, unless the whole is due before. */
  #limitStage(ms: number): void {
    if (this.#elapsed() + ms >= this.#options.totalTimeoutMs) return;
    this.#stageDeadline = setTimeout(() => {
      this.#giveUp(ms);
    }, ms);
  }

  #giveUp(afterMs: number): void {
    if (this.#stage !== 'done') this.#fail(DEADLINE_CODES[this.#stage], `after ${afterMs} ms`);
  }

  #fail(code: OutboundErrorCode, detail?: string): void {
    this.#end({ outcome: 'error', code, message: describe(code, detail), ...this.#facts() }, false);
  }

  /** @param complete whether the response was read to its end, so that its connection can be used again */
  #respond(complete: boolean): void {
    const { body, truncated } = this.#body.take();
    this.#end(
      {
        outcome: 'response',
        status: this.#status,
        headers: this.#headers,
        body,
        bodyTruncated: truncated,
        ...this.#facts(),
      },
      complete,
    );
  }

  #facts(): { timing: ExchangeTiming; remoteAddress?: string } {
    return {
      timing: {
        queuedMs: this.#queuedMs ?? this.#elapsed(),
        ...this.#connecting,
        ...(this.#firstByteMs === undefined ? {} : { firstByteMs: this.#firstByteMs }),
        totalMs: this.#elapsed(),
      },
      ...(this.#remoteAddress === undefined ? {} : { remoteAddress: this.#remoteAddress }),
    };
  }

  #end(result: OutboundResult, clean: boolean): void {
    if (this.#stage === 'done') return;
    this.#stage = 'done';
    clearTimeout(this.#deadline);
    clearTimeout(this.#stageDeadline);
    const { signal, connections, done } = this.#options;
    signal?.removeEventListener('abort', this.#onAbort);
    if (!clean) this.#controller?.abort(new Error('the exchange is over'));
    if (this.#connection === undefined) connections.leave(this);
    else connections.release(this.#connection, clean);
    done(result);
  }

  #elapsed(): number {
    return this.#options.now() - this.#startedAt;
  }
}
