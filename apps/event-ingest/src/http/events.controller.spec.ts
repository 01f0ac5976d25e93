import { describe, expect, it, jest } from '@jest/globals';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import { IngestMetrics } from '../ingest-metrics.js';
import type { ParsedEvent } from '../parsing/parsed-event.js';
import { EventsController } from './events.controller.js';

describe('POST /v1/events', () => {
  it('given events that take long to check, then others have their turn in between', async () => {
    const clock = { now: 0 };
    const now = jest.spyOn(performance, 'now').mockImplementation(() => clock.now);
    let turn = 0;
    const count = (): void => {
      turn += 1;
      if (turn < 100) setImmediate(count);
    };
    count();
    const checkedIn = new Set<number>();
    const refusalOf = () => {
      clock.now += 1_000;
      checkedIn.add(turn);
      return undefined;
    };
    const body = Buffer.from(JSON.stringify(Array(3).fill({ type: 'invoice.paid', data: {} })));
    const controller = new EventsController(
      { of: () => Promise.resolve({ account: '1', token: 't' }) } as never,
      { require: () => undefined, spend: () => undefined } as never,
      { read: (_stream: unknown, _length: number, use: (body: Buffer) => Promise<void>) => use(body) } as never,
      { refusalOf } as never,
      { requireBroker: () => undefined, store: ({ event }: ParsedEvent) => Promise.resolve({ ok: event }) } as never,
      new IngestMetrics(new Registry()),
      10,
    );
    const send = jest.fn();
    const reply = { status: () => ({ send }) } as unknown as FastifyReply;
    await controller.handle(
      { method: 'POST', headers: { 'content-type': 'application/json' } } as unknown as FastifyRequest,
      reply,
    );
    now.mockRestore();

    expect(send).toHaveBeenCalledTimes(1);
    expect(checkedIn.size).toBe(3);
  });
});
