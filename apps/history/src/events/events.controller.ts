import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import { ApiError, deliveryId, eventQuery, eventsQuery } from '@postduif/contracts';
import type { DeliveryView, EventSummary, EventWithDeliveries } from '@postduif/contracts';
import type { FastifyRequest } from 'fastify';
import { AttemptStore } from '../attempts/attempt-store.js';
import { deliveriesOf } from '../attempts/deliveries.js';
import { parseParameters } from '../listing/list-parameters.js';
import type { Page } from '../listing/list-query.js';
import { ReadAccess } from '../listing/read-access.js';
import { EventStore } from './event-store.js';
import type { StoredEvent } from './event-store.js';

/** `GET /v1/events` and `GET /v1/events/{id}`. */
@Controller('v1/events')
export class EventsController {
  constructor(
    @Inject(ReadAccess) private readonly access: ReadAccess,
    @Inject(EventStore) private readonly events: EventStore,
    @Inject(AttemptStore) private readonly attempts: AttemptStore,
  ) {}

  @Get()
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<Page<EventSummary>> {
    const account = await this.access.account(request);
    const { after, before, limit, cursor, ...filter } = parseParameters(eventsQuery, query);
    return this.events.list(account, filter, { after, before, limit, cursor });
  }

  @Get(':id')
  async one(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<EventWithDeliveries> {
    const account = await this.access.account(request);
    const { source } = parseParameters(eventQuery, query);
    const [stored, { attempts, complete }] = await Promise.all([
      this.events.find(account, id, source),
      this.attempts.ofEvent(account, id),
    ]);
    if (stored === undefined) throw new ApiError('not_found', NOT_FOUND);
    const deliveries = deliveriesOf(attempts).filter((delivery) => belongs(delivery, stored, { account, id }));
    return { event: stored.event, acceptedAt: stored.acceptedAt, deliveries, ...(complete ? {} : { truncated: true }) };
  }
}

const NOT_FOUND =
  'There is no event with this id in the history of this account. An event that was just accepted appears after a moment: try again.';

/** Attempts know the event's id, which two sources may share; then the delivery's own id, derived from both, tells. */
function belongs(delivery: DeliveryView, stored: StoredEvent, event: { account: string; id: string }): boolean {
  return stored.sources === 1 || delivery.id === deliveryId({ ...event, source: stored.source }, delivery.webhook);
}
