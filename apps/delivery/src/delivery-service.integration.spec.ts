import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { generateWebhookSecret, parseWebhookSecret, SigningError, verifyStandardWebhook } from '@postduif/signing';
import { DeliveryStage, until } from './testing/delivery-stage.js';
import type { Received } from './testing/delivery-stage.js';

jest.setTimeout(180_000);

const numbers = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `evt-${from + index}`);

/** Whether a receiver that knows this secret accepts a request. */
function accepts(secret: string, { headers, body }: Received): boolean {
  try {
    verifyStandardWebhook({
      headers: Object.entries(headers).map(([name, value]) => [name, String(value)] as const),
      body: Buffer.from(body),
      secrets: [parseWebhookSecret(secret)],
      now: new Date(),
    });
    return true;
  } catch (error) {
    if (error instanceof SigningError && error.code === 'signature_mismatch') return false;
    throw error;
  }
}

describe('DeliveryService', () => {
  let stage: DeliveryStage;
  beforeEach(async () => {
    stage = new DeliveryStage();
    await stage.open();
  });
  afterEach(() => stage.close());

  it('given a receiver that fails twice, then it gets the same body three times, each signed, and the attempts are recorded', async () => {
    await stage.signingKey();
    const target = await stage.webhook('1', { schedule: [1, 1, 1] });
    stage.answer = (_received, response) => {
      response.statusCode = stage.received.length < 3 ? 500 : 204;
      response.end('thank you');
    };
    await stage.run().started;
    await stage.deliver(target, 'evt-1', '{"paid":true}');
    await until(() => stage.attempts.length === 3, 'three attempts are recorded');

    expect(stage.received.map(({ body }) => body)).toEqual(Array(3).fill('{"paid":true}'));
    expect(stage.received.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2', '3']);
    expect(stage.received.every((received) => accepts(stage.secret, received))).toBe(true);
    const [first, second, third] = stage.received.map(({ at }) => at);
    expect(second! - first!).toBeGreaterThanOrEqual(1_000);
    expect(third! - second!).toBeGreaterThanOrEqual(1_000);
    expect(stage.attempts.map(({ outcome }) => outcome)).toEqual(['retrying', 'retrying', 'delivered']);
    expect(stage.attempts.map(({ status }) => status)).toEqual([500, 500, 204]);
  });

  it('given deliveries that end otherwise, then they are dead letters with their bodies and the reasons', async () => {
    await stage.signingKey();
    const failing = await stage.webhook('failing', { schedule: [] });
    const gone = await stage.webhook('gone');
    const disabled = await stage.webhook('disabled', { state: 'disabled' });
    stage.answer = ({ path }, response) => {
      response.statusCode = path === '/gone' ? 410 : 503;
      response.end();
    };
    await stage.run().started;
    for (const target of [failing, gone, disabled, { id: 'deleted', concurrency: 1 }])
      await stage.deliver(target, target.id);
    const bytes = Buffer.from([0xff, 0x00]);
    const exact = { raw: [bytes], twice: [Buffer.from('one'), bytes] };
    await stage.raw({ topic: stage.topics.deliveries, value: 'stray', headers: { who: 'knows', ...exact } });
    await stage.raw({ topic: stage.topics.retry['1s'], value: 'lost' });
    await until(() => stage.dead.length === 6 && stage.attempts.length === 4, 'all have ended');

    const letters = stage.dead.map(({ value, headers }) => [String(value), headers.reason]);
    expect(letters.sort()).toEqual([
      ['deleted', 'webhook_deleted'],
      ['disabled', 'webhook_disabled'],
      ['failing', 'attempts_exhausted'],
      ['gone', 'receiver_gone'],
      ['lost', 'delivery_malformed'],
      ['stray', 'delivery_malformed'],
    ]);
    expect(stage.dead.find(({ headers }) => headers.who === 'knows')?.exactHeaders).toMatchObject(exact);
    expect(stage.events().sort()).toEqual(['failing', 'gone']);
  });

  it('given a secret that rotates, then receivers with the old and the new one accept; when the old one has ended, only with the new one', async () => {
    await stage.signingKey();
    const secret = generateWebhookSecret();
    const secrets = [stage.sealFor('1', secret), stage.sealFor('1', stage.secret)];
    const endingIn = (ms: number) => ({ secrets, secretEnds: [new Date(Date.now() + ms).toISOString()] });
    const target = await stage.webhook('1', endingIn(3_600_000));
    await stage.run().started;
    await stage.deliver(target, 'evt-1');
    await until(() => stage.received.length === 1, 'the first has come');
    // Nobody removes it: the service that would is not there.
    await stage.webhook('1', { ...endingIn(-1), version: 2 });
    await stage.deliver(await stage.webhook('2'), 'later');
    await until(() => stage.received.length === 2, 'the change has come');
    await stage.deliver(target, 'evt-2');
    await until(() => stage.received.length === 3, 'the second has come');

    const accepted = ['evt-1', 'evt-2'].map((event) => {
      const received = stage.received.find(({ headers }) => headers['webhook-id'] === event)!;
      return [secret, stage.secret].map((one) => accepts(one, received));
    });
    expect(accepted).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(stage.received[0]?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
  });

  it('given a receiver of CloudEvents, then its requests say who asked it, and those of others do not', async () => {
    await stage.signingKey();
    const origin = 'webhooks.example';
    const target = await stage.webhook('events', { format: 'cloudevents', origin });
    const other = await stage.webhook('other');
    await stage.run().started;
    await stage.deliver(target, 'evt-1');
    await stage.deliver(other, 'evt-2');
    await until(() => stage.received.length === 2, 'both have come');

    expect(stage.received.every((received) => accepts(stage.secret, received))).toBe(true);
    const origins = stage.received.map(({ path, headers }) => [path, headers['webhook-request-origin']]);
    expect(Object.fromEntries(origins)).toEqual({ '/events': origin, '/other': undefined });
  });

  it('given no signing key yet, then what needs none is sent, the rest waits, and when there is one, nothing is lost', async () => {
    const secret = await stage.webhook('secret');
    const signed = await stage.webhook('signed', { format: 'form' });
    for (const event of numbers(20)) for (const target of [secret, signed]) await stage.deliver(target, event);
    const running = stage.run();
    await running.started;
    await until(() => stage.received.length === 20, 'those with a secret have come');

    expect(new Set(stage.received.map(({ path }) => path))).toEqual(new Set(['/secret']));
    expect(running.health.ready().ok).toBe(false);
    await stage.signingKey();
    await until(() => stage.received.length === 40, 'all have come');
    expect(running.health.ready().ok).toBe(true);
  });

  it('given a webhook that is created after its delivery was written, then the delivery reaches it', async () => {
    await stage.signingKey();
    await stage.run().started;
    const target = await stage.webhook('new');
    await stage.deliver(target, 'evt-1');
    await until(() => stage.received.length === 1, 'it has come');

    expect(stage.dead).toEqual([]);
  });

  it('given two processes of which one stops in the middle, then every delivery arrives, and what it finished is not repeated', async () => {
    await stage.signingKey();
    const targets = await Promise.all(numbers(8).map((id) => stage.webhook(id)));
    // The first of each webhook gets no answer, so that everything else is finished above what is in flight.
    const wanted = numbers(600);
    const hanging = new Map<string | undefined, ServerResponse>();
    const hangs = new Set(wanted.slice(0, targets.length));
    stage.answer = (_received, response) => {
      const event = stage.events().at(-1)!;
      if (hangs.delete(event)) hanging.set(event, response);
      else response.end();
    };
    const first = stage.run();
    const second = stage.run();
    await Promise.all([first.started, second.started]);
    for (const [index, event] of wanted.entries()) {
      await stage.deliver(targets[index % targets.length]!, event);
      if (index === 300) void first.stop();
    }
    await until(() => new Set(stage.events()).size === wanted.length, 'all have come');
    const repeated = (): string[] => stage.events().filter((event, index, events) => events.indexOf(event) < index);
    await until(() => repeated().length > 0, 'what the first could not finish comes again');
    for (const response of hanging.values()) response.end();
    await until(() => new Set(stage.attempts.map(({ event }) => event)).size === wanted.length, 'all are recorded');

    expect(repeated().filter((event) => !hanging.has(event))).toEqual([]);
  });

  it('given a receiver that hangs on the same partitions, then the others get everything, and nothing waits for it', async () => {
    await stage.signingKey();
    const [hanging, ...healthy] = await Promise.all(numbers(6).map((id) => stage.webhook(id)));
    stage.answer = ({ path }, response) => {
      if (path !== `/${hanging!.id}`) response.end();
    };
    await stage.run().started;
    const wanted = numbers(500);
    for (const [index, event] of wanted.entries()) {
      await stage.deliver(hanging!, `hanging-${index}`);
      await stage.deliver(healthy[index % healthy.length]!, event);
    }
    const arrived = (): number => stage.events().filter((event) => event.startsWith('evt-')).length;
    await until(() => arrived() === wanted.length, 'the others have everything');

    expect(stage.events().filter((event) => event.startsWith('hanging-')).length).toBeLessThanOrEqual(10);
  });

  it('given a topic of the wheel that forgets before its delay is over, then it does not start and says which', async () => {
    const forgetful = new DeliveryStage();
    const topic = forgetful.topics.retry['12h'];
    await forgetful.open({ [topic]: { 'retention.ms': '3600000' } });

    await expect(forgetful.run().started).rejects.toMatchObject({
      code: 'wheel_retention_too_short',
      message: expect.stringContaining(topic),
    });
    await forgetful.close();
  });
});
