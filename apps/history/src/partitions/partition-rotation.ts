import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { describeError } from '../database/store-error.js';
import type { DailyPartitions } from './daily-partitions.js';
import { DAY_MS } from './retention-window.js';
import type { RetentionWindow } from './retention-window.js';

const EVERY_MS = 10 * 60_000;
const DAYS_AHEAD = 2;

/** Makes the partitions of the coming days and drops what is past retention: at the start and then every ten minutes. */
export class PartitionRotation {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly partitions: DailyPartitions,
    private readonly window: RetentionWindow,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#tryRotate(), EVERY_MS).unref();
    await this.#tryRotate();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async rotate(): Promise<void> {
    const { today, oldestDay } = this.window;
    await this.partitions.ensure(Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead) => today + ahead));
    const dropped = await this.partitions.dropBefore(oldestDay);
    await this.pool.query('DELETE FROM history.unreadable WHERE stored_at < $1', [new Date(oldestDay * DAY_MS)]);
    if (dropped.length > 0) this.log.info({ dropped }, 'dropped what is past retention');
  }

  async #tryRotate(): Promise<void> {
    try {
      await this.rotate();
    } catch (error) {
      this.log.warn({ error: describeError(error) }, 'could not make or drop partitions; trying again later');
    }
  }
}
