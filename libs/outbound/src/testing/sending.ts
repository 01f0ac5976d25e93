import { AddressGuard } from '../address-guard.js';
import { parseHandlerUrl } from '../handler-url.js';
import type { NameResolver } from '../name-resolver.js';
import type { OutboundFailure, OutboundResponse, OutboundResult } from '../result.js';
import { OutboundSender, type OutboundRequest, type OutboundSenderOptions } from '../sender.js';
import { ScriptedResolver } from './resolvers.js';
import type { LocalServer } from './servers.js';

const stops: (() => Promise<void>)[] = [];

/** Stops every sender and server that the test started, senders first. */
export async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

/** A server that `stopAll` stops. */
export async function started(starting: Promise<LocalServer>): Promise<LocalServer> {
  const server = await starting;
  stops.push(() => server.stop());
  return server;
}

/** A sender that `stopAll` stops; by default every name leads to 127.0.0.1, which is allowed. */
export function senderWith({
  resolver = new ScriptedResolver(['127.0.0.1']),
  allow = ['127.0.0.1'],
  ...options
}: Partial<OutboundSenderOptions> & { resolver?: NameResolver; allow?: readonly string[] } = {}): OutboundSender {
  const sender = new OutboundSender({ guard: new AddressGuard({ allow, resolver }), ...options });
  stops.push(() => sender.destroy());
  return sender;
}

/** A POST of `a=1` to `receiver.example`. */
export function post(server: LocalServer, path = '/', more: Partial<OutboundRequest> = {}): OutboundRequest {
  return {
    method: 'POST',
    url: parseHandlerUrl(`http://receiver.example:${server.port}${path}`),
    body: Buffer.from('a=1'),
    ...more,
  };
}

export function response(result: OutboundResult): OutboundResponse {
  if (result.outcome === 'response') return result;
  throw new Error(`${result.code}: ${result.message}`);
}

export function failure(result: OutboundResult): OutboundFailure {
  if (result.outcome === 'error') return result;
  throw new Error(`status ${result.status}`);
}
