import { setTimeout as pause } from 'node:timers/promises';
import { COPERNICA_TRIGGERS } from '@postduif/contracts';
import { Api, ApiProblem, readCredentials } from './api.js';
import type { DemoEvent } from './demo-events.js';
import { DEMO_EVENTS } from './demo-events.js';
import type { DemoOptions } from './demo-options.js';

const TRIGGERS = [...COPERNICA_TRIGGERS, 'invoice.paid'] as const;

/** A new webhook is known to all services within a second. */
const CONFIGURATION_MS = 1_500;
const REACH_MS = 3_000;

/**
 * Registers the webhooks, sends the events, and says what to look at. Throws `ApiProblem` with what to do.
 *
 * @param settled resolves when new webhooks are known everywhere
 */
export async function runDemo(
  options: DemoOptions,
  print: (line: string) => void,
  settled: () => Promise<unknown> = () => pause(CONFIGURATION_MS),
): Promise<void> {
  const credentials = await readCredentials(options.home);
  const api = new Api(credentials);
  const receiver = `http://127.0.0.1:${options.port}`;
  const registered = await api.webhooks();
  await requireReceiver(receiver);
  const missing = TRIGGERS.filter(
    (trigger) =>
      !registered.some((webhook) => webhook.trigger === trigger && webhook.handler === handlerOf(receiver, trigger)),
  );
  for (const trigger of missing) {
    const id = await register(api, receiver, trigger);
    print(`registered  webhook ${id}  ${trigger}  ${handlerOf(receiver, trigger)}`);
  }
  if (missing.length === 0) print(`All ${TRIGGERS.length} webhooks on ${receiver} are there already.`);
  else await settled();
  let last = '';
  for (let round = 0; round < options.count; round++)
    for (const event of DEMO_EVENTS) {
      last = await send(api, event);
      print(`sent  ${event.type.padEnd(12)}  ${last}  ->  ${handlerOf(receiver, event.type)}`);
    }
  print('\nThe receiver prints what arrives. What happened to the last event:');
  const path = JSON.stringify(`${options.home.startsWith('/') ? '' : './'}${options.home}/credentials.json`);
  print(`  curl -H "Authorization: Bearer $(node -p 'require(${path}).token')" ${credentials.api}/v1/events/${last}`);
}

function handlerOf(receiver: string, trigger: string): string {
  return `${receiver}/${trigger}`;
}

async function requireReceiver(receiver: string): Promise<void> {
  try {
    await fetch(receiver, { signal: AbortSignal.timeout(REACH_MS) });
  } catch (cause) {
    throw new ApiProblem(`Nothing answers at ${receiver}. Start the receiver in another terminal: npm run receiver`, {
      cause,
    });
  }
}

async function register(api: Api, receiver: string, trigger: string): Promise<string> {
  const response = await api.post('/v4/webhooks', { handler: handlerOf(receiver, trigger), trigger });
  return response.headers.get('x-created') ?? '?';
}

async function send(api: Api, event: DemoEvent): Promise<string> {
  const response = await api.post('/v1/events', event);
  const { id } = (await response.json()) as { id: string };
  return id;
}
