import type { OutboundErrorCode } from './errors.js';

/** How long it took to open a connection, in milliseconds. */
export interface ConnectTiming {
  /** Look-up, TCP and TLS together. */
  readonly connectMs: number;
  /** The look-up of the name and the check of its addresses. */
  readonly lookupMs: number;
  readonly tcpMs: number;
  /** Absent over plain HTTP. */
  readonly tlsMs?: number;
}

/** Milliseconds, counted from the call of `send` unless said otherwise. What connecting took is absent when a connection stood already. */
export interface ExchangeTiming extends Partial<ConnectTiming> {
  /** Until the exchange had a connection to use, or leave to open one. */
  readonly queuedMs: number;
  /** Until the head of the response was there. */
  readonly firstByteMs?: number;
  readonly totalMs: number;
}

/** A response came, whatever its status. */
export interface OutboundResponse {
  readonly outcome: 'response';
  readonly status: number;
  /** By lower-case name; the first 8 KiB. */
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of the body, at most `keptResponseBytes`. */
  readonly body: Buffer;
  /** Whether the body was longer than what is kept. */
  readonly bodyTruncated: boolean;
  readonly remoteAddress?: string;
  readonly timing: ExchangeTiming;
}

/** No complete response came. */
export interface OutboundFailure {
  readonly outcome: 'error';
  /** Stable; one of `OUTBOUND_ERRORS`. */
  readonly code: OutboundErrorCode;
  /** What happened and what to do, for the people who run the receiver. */
  readonly message: string;
  /** Absent when no connection stood. */
  readonly remoteAddress?: string;
  readonly timing: ExchangeTiming;
}

export type OutboundResult = OutboundResponse | OutboundFailure;
