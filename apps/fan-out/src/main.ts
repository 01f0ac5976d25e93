import { runService } from '@postduif/service';
import { FanOutModule } from './fan-out.module.js';
import { FanOut } from './fan-out.js';

let fanOut: FanOut | undefined;

await runService({
  name: 'fan-out',
  settings: {},
  module: (context) => {
    fanOut = new FanOut(context);
    return { module: FanOutModule };
  },
  start: async () => fanOut?.start(),
});
