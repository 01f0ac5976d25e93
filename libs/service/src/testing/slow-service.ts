import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { runService } from '../run-service.js';
import { integer } from '../configuration.js';

/** A service for tests: `/slow` takes a moment, and what stops says so in the log. */
@Controller()
class SlowController {
  @Get('slow')
  async slow(): Promise<string> {
    await pause(300);
    return 'done';
  }

  @Get('hanging')
  hanging(): Promise<never> {
    return new Promise(() => undefined);
  }

  @Get('parts/:name')
  part(@Param('name') name: string): string {
    return name;
  }

  @Get('crash')
  crash(): string {
    setImmediate(() => {
      throw new TypeError('a mistake outside of a request');
    });
    return 'soon';
  }

  @Get('broken')
  broken(): never {
    throw new TypeError('a mistake with a secret');
  }
}

@Module({ controllers: [SlowController] })
class SlowModule {}

await runService({
  name: 'slow',
  settings: { LIMIT: integer(1, 10).default(5) },
  module: (context) => {
    for (const name of ['first', 'second'])
      context.onStop(name, () => {
        context.log.info({ part: name }, 'part stopped');
      });
    context.onStop('broken', () => Promise.reject(new Error('could not')));
    return { module: SlowModule };
  },
});
