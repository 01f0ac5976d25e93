import { runService } from '@postduif/service';
import { subscriptionSettings } from './settings.js';
import { Subscription } from './subscription.js';
import { answerBadPath } from './v4/v4.filter.js';

let subscription: Subscription | undefined;

await runService({
  name: 'subscription',
  settings: subscriptionSettings,
  answerBadPath,
  module: (context) => {
    subscription = new Subscription(context);
    return subscription.module;
  },
  configure: async (app) => subscription?.configure(app),
  start: async (app) => subscription?.start(app),
});
