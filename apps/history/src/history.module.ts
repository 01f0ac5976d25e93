import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AttemptStore } from './attempts/attempt-store.js';
import { AttemptsController } from './attempts/attempts.controller.js';
import type { Database } from './database/database.js';
import { EventCountsController } from './events/event-counts.controller.js';
import { EventCounter } from './events/event-counter.js';
import { EventStore } from './events/event-store.js';
import { EventsController } from './events/events.controller.js';
import { ReadAccess } from './listing/read-access.js';
import { LogfileStore } from './logfiles/logfile-store.js';
import { LogfilesController } from './logfiles/logfiles.controller.js';

/** The API of history. */
@Module({})
export class HistoryModule {
  static of(database: Pick<Database, 'read'>, access: ReadAccess, retentionDays: number): DynamicModule {
    return {
      module: HistoryModule,
      controllers: [EventsController, EventCountsController, AttemptsController, LogfilesController],
      providers: [
        { provide: ReadAccess, useValue: access },
        { provide: EventStore, useValue: new EventStore(database) },
        { provide: EventCounter, useValue: new EventCounter(database) },
        { provide: LogfileStore, useValue: new LogfileStore(database, retentionDays) },
        { provide: AttemptStore, useValue: new AttemptStore(database) },
      ],
    };
  }
}
