import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { REJECTED_HEADERS } from '@postduif/contracts';
import { anEvent } from './testing/given.js';
import { FanOutStage, until } from './testing/fan-out-stage.js';

jest.setTimeout(60_000);

let stage: FanOutStage;

beforeEach(async () => {
  stage = new FanOutStage();
  await stage.open();
});

afterEach(async () => {
  await stage.close();
});

describe('fan-out on a real broker', () => {
  it('given three webhooks, then each gets the event in its format, and the event is acknowledged', async () => {
    await stage.webhooks(
      { id: '1' },
      { id: '2', format: 'form' },
      { id: '3', format: 'cloudevents' },
      { id: '4', state: 'disabled' },
    );
    const { metrics } = await stage.started();
    await stage.events(anEvent({ id: 'a' }));
    await until(() => stage.deliveries.length === 3, 'three deliveries come');
    const json = '{"type":"invoice.paid","timestamp":"2026-01-15T10:20:30Z","data":{"total":12.5}}';
    expect(stage.deliveries.map(({ webhook, body }) => [webhook, body]).sort()).toEqual([
      ['1', json],
      ['2', expect.stringMatching(/^type=invoice\.paid&timestamp=2026-01-15\+10%3A20%3A30&time=1768472430&id=a&data=/)],
      [
        '3',
        '{"specversion":"1.0","id":"a","source":"/accounts/1234","type":"invoice.paid","time":"2026-01-15T10:20:30Z",' +
          '"datacontenttype":"application/json","account":"1234","data":{"total":12.5}}',
      ],
    ]);
    await until(async () => (await stage.committed()) === 1, 'the event is committed');
    expect(await metrics.metrics()).toContain('postduif_fan_out_events_total{outcome="matched"} 1');
    expect(await metrics.metrics()).toContain('postduif_fan_out_deliveries_total 3');
    expect(await metrics.metrics()).toContain('postduif_fan_out_webhooks 4');
  });

  it('given repeats before and after a restart, then each event is delivered once', async () => {
    await stage.webhooks({ id: '1' });
    const first = await stage.started();
    await stage.events(anEvent({ id: 'a' }), anEvent({ id: 'a' }), anEvent({ id: 'b' }));
    await stage.seen('b>1');
    expect(stage.pairs()).toEqual(['a>1', 'b>1']);
    await stage.stop(first.fanOut);
    await stage.events(anEvent({ id: 'a' }));
    await stage.started();
    await stage.events(anEvent({ id: 'b' }), anEvent({ id: 'c' }));
    await stage.seen('c>1');
    expect(stage.pairs()).toEqual(['a>1', 'b>1', 'c>1']);
  });

  it('given that their identities were written down, then after a restart few events are read again, and repeats are known', async () => {
    await stage.webhooks({ id: '1' });
    const first = await stage.started();
    const events = Array.from({ length: 300 }, (_, index) => anEvent({ id: `e${index}` }));
    await stage.events(...events);
    await until(() => stage.deliveries.length === 300, 'all events are delivered');
    await until(() => stage.rememberedTo === 300, 'their identities are written down');
    await stage.stop(first.fanOut);
    await stage.events(anEvent({ id: 'late' }));

    const second = await stage.started();
    await stage.events(...events, anEvent({ id: 'last' }));
    await stage.seen('last>1');
    expect(stage.deliveries).toHaveLength(302);
    expect(await second.metrics.metrics()).toContain('postduif_fan_out_replayed_events_total 0\n');

    // What has come since the last segment is read again.
    const since = Array.from({ length: 20 }, (_, index) => anEvent({ id: `since ${index}` }));
    await stage.events(...since);
    await until(() => stage.deliveries.length === 322, 'all of those are delivered');
    await stage.stop(second.fanOut);
    const third = await stage.started();
    await stage.events(...events, ...since, anEvent({ id: 'very last' }));
    await stage.seen('very last>1');
    expect(stage.deliveries).toHaveLength(323);
    const [, replayed] = /^postduif_fan_out_replayed_events_total (\d+)$/m.exec(await third.metrics.metrics()) ?? [];
    expect(Number(replayed)).toBeLessThan(330);
  });

  it('given events that were there before the configuration was read, then they wait for it', async () => {
    await stage.events(...Array.from({ length: 20 }, (_, index) => anEvent({ id: `e${index}` })));
    const others = Array.from({ length: 3_000 }, (_, index) => ({ id: `${index + 2}`, account: 'another' }));
    await stage.webhooks(...others, { id: '1' });
    const { fanOut, health } = stage.fanOut();
    const starting = fanOut.start();
    expect(health.ready()).toEqual({
      ok: false,
      checks: {
        webhooks: 'webhooks are still being read',
        events: 'has not joined the readers of the topic `events` yet',
      },
    });
    expect(health.live().ok).toBe(true);
    await starting;
    await until(() => health.ready().ok, 'it reads events');
    await until(() => stage.deliveries.length === 20, 'all events are delivered');
    expect(new Set(stage.deliveries.map(({ webhook }) => webhook))).toEqual(new Set(['1']));
  });

  it('given a crash after the deliveries were written and before the commit, then they come again with the same ids', async () => {
    await stage.webhooks({ id: '1' }, { id: '2', format: 'form' });
    const { kafka, kill } = stage.doomed();
    await stage.started(kafka);
    await stage.events(anEvent({ id: 'a' }), anEvent({ id: 'b' }));
    await until(() => stage.deliveries.length === 4, 'all deliveries come');
    await kill();
    await stage.started();
    await until(() => stage.deliveries.length === 8, 'all deliveries come again');
    const [before, after] = [stage.deliveries.slice(0, 4), stage.deliveries.slice(4)];
    const byId = (one: { delivery: string }, other: { delivery: string }): number =>
      one.delivery < other.delivery ? -1 : 1;
    expect(after.sort(byId)).toEqual(before.sort(byId));
    expect(new Set(before.map(({ delivery }) => delivery)).size).toBe(4);
  });

  it('given records that are no events, then they are rejected with the reason, and those behind them go on', async () => {
    await stage.webhooks({ id: '1' });
    await stage.started();
    await stage.events('{"id":', anEvent({ id: 'a', data: 'text' }), anEvent({ id: 'b' }));
    await stage.seen('b>1');
    await until(() => stage.rejected.length === 2, 'both are rejected');
    expect(stage.rejected.map(({ value }) => String(value))).toEqual([
      '{"id":',
      JSON.stringify(anEvent({ id: 'a', data: 'text' })),
    ]);
    expect(stage.rejected[0]?.headers).toMatchObject({
      [REJECTED_HEADERS.code]: 'invalid_event',
      [REJECTED_HEADERS.origin]: `${stage.topics.events}/0/0`,
    });
    await until(async () => (await stage.committed()) === 3, 'all are committed');
  });

  it('given a webhook that is changed and then deleted, then events follow the latest state', async () => {
    await stage.webhooks({ id: '1' }, { id: '2' });
    const { metrics } = await stage.started();
    await stage.events(anEvent({ id: 'a' }));
    await stage.seen('a>1');
    await stage.webhooks({ id: '1', version: 2, trigger: 'invoice.late' });
    await stage.deleteWebhook('2');
    await until(
      async () => (await metrics.metrics()).includes('postduif_fan_out_webhooks 1\n'),
      'the deletion arrives',
    );
    await stage.events(anEvent({ id: 'b' }), anEvent({ id: 'c', type: 'invoice.late' }));
    await stage.seen('c>1');
    expect(stage.pairs().sort()).toEqual(['a>1', 'a>2', 'c>1']);
  });
});
