import { afterEach, describe, expect, it } from '@jest/globals';
import { COPERNICA_TRIGGERS, parseEvent } from '@postduif/contracts';
import { DEMO_EVENTS } from './demo-events.js';
import { runDemo } from './demo-run.js';
import { FakeApi } from './testing/fake-api.js';

describe('the events of the demo', () => {
  it.each(DEMO_EVENTS.map((event) => [event.type, event] as const))('%s follows the contract', (_type, event) => {
    const complete = { ...event, id: '1', time: '2026-01-15T10:20:30Z', account: '1' };
    expect(parseEvent(complete)).toHaveProperty('event');
  });

  it('cover every trigger, and profiles as well as subprofiles', () => {
    expect(new Set(DEMO_EVENTS.map(({ type }) => type))).toEqual(new Set([...COPERNICA_TRIGGERS, 'invoice.paid']));
    for (const type of ['create', 'update', 'delete'])
      expect(DEMO_EVENTS.filter((event) => event.type === type).map(({ subprofile }) => subprofile)).toEqual([
        undefined,
        456,
      ]);
  });
});

const settled = () => Promise.resolve();
const print = (lines: string[]) => (line: string) => {
  lines.push(line);
};

describe('the demo', () => {
  const opened: FakeApi[] = [];
  afterEach(async () => {
    for (const api of opened.splice(0)) await api.close();
  });
  const serve = async (answer: ConstructorParameters<typeof FakeApi>[0]) => {
    const api = new FakeApi(answer);
    opened.push(api);
    return { api, home: await api.start() };
  };

  /** As the stack answers; it is the receiver as well. */
  const stack = async () => {
    const webhooks: { handler: string; trigger: string }[] = [];
    return serve((line, body) => {
      if (line.startsWith('GET /v4/webhooks')) return { body: { data: webhooks, total: webhooks.length } };
      if (line === 'POST /v4/webhooks') {
        webhooks.push(JSON.parse(body) as { handler: string; trigger: string });
        return { status: 201, headers: { 'x-created': String(webhooks.length) } };
      }
      return line === 'POST /v1/events' ? { status: 202, body: { id: `event-${webhooks.length}` } } : {};
    });
  };

  it('registers a webhook for every trigger, once, and sends every event as often as asked', async () => {
    const { api, home } = await stack();
    const lines: string[] = [];
    const options = { port: api.port, count: 2, home, help: false };
    await runDemo(options, print(lines), settled);
    await runDemo({ ...options, count: 1 }, print(lines), settled);
    const count = (wanted: string) => api.requests.filter(({ line }) => line === wanted).length;
    expect(count('POST /v4/webhooks')).toBe(11);
    expect(count('POST /v1/events')).toBe(3 * DEMO_EVENTS.length);
    expect(lines.join('\n')).toContain('All 11 webhooks');
    expect(lines.at(-1)).toContain('/v1/events/event-11');
  });

  it('without a stack, says how to start it', async () => {
    await expect(runDemo({ port: 1, count: 1, home: '/nonexistent', help: false }, print([]), settled)).rejects.toThrow(
      'npm start',
    );
  });

  it('without a receiver, says how to start it, and registers nothing', async () => {
    const { api, home } = await stack();
    const gone = await serve(() => ({}));
    const port = gone.api.port;
    await gone.api.close();
    opened.pop();
    await expect(runDemo({ port, count: 1, home, help: false }, print([]), settled)).rejects.toThrow(
      'npm run receiver',
    );
    expect(api.requests.filter(({ line }) => line.startsWith('POST'))).toEqual([]);
  });

  it('given a refusal, shows what the stack said', async () => {
    const { api, home } = await serve((line) =>
      line.startsWith('GET')
        ? { body: { data: [], total: 0 } }
        : { status: 400, body: { error: { message: 'Invalid data provided' } } },
    );
    await expect(runDemo({ port: api.port, count: 1, home, help: false }, print([]), settled)).rejects.toThrow(
      'POST /v4/webhooks was answered with 400: Invalid data provided',
    );
  });
});
