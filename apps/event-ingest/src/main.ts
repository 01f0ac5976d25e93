import { runService } from '@postduif/service';
import { EventIngest } from './event-ingest.js';
import { ingestSettings } from './settings.js';

let ingest: EventIngest | undefined;

await runService({
  name: 'event-ingest',
  settings: ingestSettings,
  module: (context) => {
    ingest = new EventIngest(context);
    return ingest.module;
  },
  configure: (app) => ingest?.configure(app),
  start: async () => ingest?.start(),
});
