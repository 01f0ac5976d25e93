import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { EventSink } from './http/event-sink.js';
import { EventsController, MAX_EVENTS } from './http/events.controller.js';
import { RateLimit } from './http/rate-limit.js';
import { RequestBodies } from './http/request-bodies.js';
import { WriteAccess } from './http/write-access.js';
import { IngestMetrics } from './ingest-metrics.js';
import { EventTypes } from './types/event-types.js';

export interface EventIngestParts {
  readonly access: WriteAccess;
  readonly limit: RateLimit;
  readonly bodies: RequestBodies;
  readonly types: EventTypes;
  readonly sink: EventSink;
  readonly metrics: IngestMetrics;
  /** Most events of a request. */
  readonly maxEvents: number;
}

/** The API of event-ingest. */
@Module({})
export class EventIngestModule {
  static of({ access, limit, bodies, types, sink, metrics, maxEvents }: EventIngestParts): DynamicModule {
    return {
      module: EventIngestModule,
      controllers: [EventsController],
      providers: [
        { provide: WriteAccess, useValue: access },
        { provide: RateLimit, useValue: limit },
        { provide: RequestBodies, useValue: bodies },
        { provide: EventTypes, useValue: types },
        { provide: EventSink, useValue: sink },
        { provide: IngestMetrics, useValue: metrics },
        { provide: MAX_EVENTS, useValue: maxEvents },
      ],
    };
  }
}
