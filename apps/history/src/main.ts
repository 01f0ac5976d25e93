import { runService } from '@postduif/service';
import { History } from './history.js';
import { historySettings } from './settings.js';

let history: History | undefined;

await runService({
  name: 'history',
  settings: historySettings,
  module: (context) => {
    history = new History(context);
    return history.module;
  },
  configure: (app) => history?.configure(app),
  start: async () => history?.start(),
});
