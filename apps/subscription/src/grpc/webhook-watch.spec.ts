import { describe, expect, it } from '@jest/globals';
import type { ConfigChange, WebhookSnapshot } from '@postduif/contracts';
import fc from 'fast-check';
import type { Webhook } from '../webhooks/webhook.js';
import { Inbox } from './config-changes.js';
import { WebhookWatch } from './webhook-watch.js';
import type { WebhookEvent } from './webhook-watch.js';

const ACCOUNT = 'a';
const caller = { account: ACCOUNT, token: 't', scopes: [] };

class NotAllowed extends Error {}

function webhookOf(id: string, version: number): Webhook {
  return {
    ...{
      id,
      account: ACCOUNT,
      version,
      handler: 'https://a.example/',
      trigger: 'click',
      callers: null,
      database: null,
    },
    ...{ collection: null, fields: null, format: 'form', schedule: [], concurrency: 1, rate: null, shards: 1 },
    state: 'enabled',
    ...{ validated: true, validatedAt: null, verification: { name: 'f', line: 'l' }, secrets: [], secretEnds: [] },
    ...{ signature: 'v1', origin: null, consent: null },
  };
}

function changeOf(id: string, version: number | null): ConfigChange {
  const key = `webhook/${id}`;
  if (version === null) return { key, snapshot: null };
  return { key, snapshot: { kind: 'webhook', id, account: ACCOUNT, version } as WebhookSnapshot };
}

/** A database whose changes reach the topic later, and a watcher that reads slowly. */
class World {
  /** Id to version. */
  readonly stored = new Map<string, number>();
  readonly #outbox: ConfigChange[] = [];
  readonly #published: ConfigChange[] = [];
  #inbox: Inbox | undefined;
  #lastId = 0;
  closed = false;

  create(): void {
    this.#set(String(++this.#lastId), 1);
  }

  change(choice: number): void {
    const id = this.#choose(choice);
    if (id !== undefined) this.#set(id, (this.stored.get(id) ?? 0) + 1);
  }

  delete(choice: number): void {
    const id = this.#choose(choice);
    if (id === undefined) return;
    this.stored.delete(id);
    this.#outbox.push(changeOf(id, null));
  }

  publish(): void {
    const next = this.#outbox.shift();
    if (next === undefined) return;
    this.#published.push(next);
    this.#inbox?.put(next);
  }

  publishAll(): void {
    while (this.#outbox.length > 0) this.publish();
  }

  /** As after a reconnect to the broker. */
  replay(): void {
    for (const change of this.#published) this.#inbox?.put(change);
  }

  /** The account has changed; this is the last that the watcher hears. */
  end(): void {
    this.#inbox?.put({ key: `account/${ACCOUNT}`, snapshot: null });
  }

  open(wants: (change: ConfigChange) => boolean): Inbox {
    this.#inbox = new Inbox(wants, () => {
      this.closed = true;
    });
    return this.#inbox;
  }

  /** Two at most. */
  rowsAfter(after: string): Webhook[] {
    const rows = [...this.stored].map(([id, version]) => webhookOf(id, version));
    return rows
      .filter(({ id }) => Number(id) > Number(after))
      .sort((a, b) => Number(a.id) - Number(b.id))
      .slice(0, 2);
  }

  #set(id: string, version: number): void {
    this.stored.set(id, version);
    this.#outbox.push(changeOf(id, version));
  }

  #choose(choice: number): string | undefined {
    return [...this.stored.keys()][choice % Math.max(1, this.stored.size)];
  }
}

type Step = (world: World) => void;

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>((world) => {
    world.create();
  }),
  fc.nat(9).map((choice): Step => (world) => {
    world.change(choice);
  }),
  fc.nat(9).map((choice): Step => (world) => {
    world.delete(choice);
  }),
  fc.constant<Step>((world) => {
    world.publish();
  }),
  fc.constant<Step>((world) => {
    world.replay();
  }),
);

/** What a client does with the events: its map of versions. */
function apply(known: Map<string, number>, event: WebhookEvent): void {
  if (event.kind === 'changed') known.set(event.webhook.id, event.webhook.version);
  if (event.kind === 'deleted') known.delete(event.id);
}

async function follow(
  world: World,
  known: Map<string, number>,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<WebhookEvent[]> {
  const left = [...steps];
  const doSteps = (count: number): void => {
    for (const next of left.splice(0, count)) next(world);
  };
  const seen: WebhookEvent[] = [];
  const watch = new WebhookWatch({
    caller,
    known: Object.fromEntries(known),
    webhooks: {
      listAfter: (_, { after }) => {
        doSteps(1);
        const rows = world.rowsAfter(after);
        doSteps(2);
        return Promise.resolve(rows);
      },
    },
    changes: world,
    checkAccess: () => Promise.reject(new NotAllowed()),
    signal,
  });
  try {
    for await (const event of watch.events()) {
      seen.push(event);
      apply(known, event);
      doSteps(1);
      if (event.kind !== 'synced') continue;
      doSteps(Infinity);
      world.publishAll();
      world.end();
    }
  } catch (error) {
    if (!(error instanceof NotAllowed)) throw error;
  }
  return seen;
}

describe('a watch', () => {
  const never = new AbortController().signal;

  it('whatever changes meanwhile, and whatever the watcher has already, ends with the present state', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 15 }),
        fc.array(step, { maxLength: 15 }),
        fc.array(step, { maxLength: 30 }),
        async (before, away, during) => {
          const world = new World();
          for (const next of before) next(world);
          const known = new Map([...world.stored, ['70', 2]]);
          for (const next of away) next(world);
          const seen = await follow(world, known, during, never);
          expect(Object.fromEntries(known)).toEqual(Object.fromEntries(world.stored));
          expect(seen.filter(({ kind }) => kind === 'synced')).toHaveLength(1);
          expect(world.closed).toBe(true);
        },
      ),
    );
  });

  it('given what the last one has ended with, then another one sends nothing again, and only what is new', async () => {
    const world = new World();
    for (let count = 0; count < 5; count++) world.create();
    const known = new Map<string, number>();
    expect(await follow(world, known, [], never)).toHaveLength(6);
    expect(await follow(world, known, [], never)).toEqual([{ kind: 'synced' }]);
    world.change(0);
    world.delete(4);
    const kinds = (await follow(world, known, [], never)).map(({ kind }) => kind);
    expect(kinds).toEqual(['changed', 'deleted', 'synced']);
  });

  it('never brings back what it has said to be deleted', async () => {
    const world = new World();
    world.create();
    world.delete(0);
    const seen = await follow(
      world,
      new Map([['1', 1]]),
      [
        (now) => {
          now.publish();
        },
      ],
      never,
    );
    expect(seen).toEqual([{ kind: 'deleted', id: '1' }, { kind: 'synced' }]);
  });

  it('given a signal, ends and follows nothing any more', async () => {
    const world = new World();
    const stop = new AbortController();
    const ended = follow(
      world,
      new Map(),
      [
        () => {
          stop.abort();
        },
      ],
      stop.signal,
    );
    expect(await ended).toEqual([]);
    expect(world.closed).toBe(true);
  });
});

describe('an inbox', () => {
  it('keeps only the last change of a key, and gives nothing once the signal is given', async () => {
    const inbox = new Inbox(
      ({ key }) => key !== 'webhook/3',
      () => undefined,
    );
    const stop = new AbortController();
    for (const version of [1, 2, 3]) inbox.put(changeOf('1', version));
    inbox.put(changeOf('2', null));
    inbox.put(changeOf('3', 1));
    expect(await inbox.take(stop.signal)).toEqual([changeOf('1', 3), changeOf('2', null)]);
    const waiting = inbox.take(stop.signal);
    stop.abort();
    expect(await waiting).toEqual([]);
  });
});
