import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The tables of the schema `history`.
 *
 * - `events` and `attempts` are partitioned by day, so that what is past retention goes away by dropping a table. Days are made by
 *   `DailyPartitions`. There is no default partition: it would have to be searched, under a lock, each time a day is added.
 * - `body` holds the record's value as it came from Kafka. `bytea` takes any bytes at no cost: `text` refuses NUL and checks the
 *   encoding, `jsonb` refuses `\u0000` and parses. Read it with `convert_from(body, 'UTF8')::json`. Columns beside it are what is
 *   searched for or listed.
 * - A row's place in Kafka makes rows with the same time distinct, for keyset paging. It is not unique by constraint: that a record
 *   is stored once is guarded by `offsets`, which moves in the same transaction, and a unique index would only cost time.
 * - Text is compared by bytes (collation C): faster, and all of these are codes and ids.
 */
export class CreateHistory1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE history.offsets (
        topic text COLLATE "C" NOT NULL,
        kafka_partition integer NOT NULL,
        next_offset bigint NOT NULL,
        PRIMARY KEY (topic, kafka_partition)
      ) WITH (fillfactor = 50)`);
    await runner.query(`
      CREATE TABLE history.unreadable (
        topic text COLLATE "C" NOT NULL,
        kafka_partition integer NOT NULL,
        kafka_offset bigint NOT NULL,
        reason text NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (topic, kafka_partition, kafka_offset)
      )`);
    await runner.query(`
      CREATE TABLE history.events (
        account text COLLATE "C" NOT NULL,
        accepted_at timestamptz NOT NULL,
        kafka_partition integer NOT NULL,
        kafka_offset bigint NOT NULL,
        id text COLLATE "C" NOT NULL,
        type text COLLATE "C" NOT NULL,
        occurred_at timestamptz NOT NULL,
        source text COLLATE "C",
        subject text COLLATE "C",
        caller text COLLATE "C",
        database bigint,
        collection bigint,
        profile bigint,
        subprofile bigint,
        mailing bigint,
        message text COLLATE "C",
        recipient text COLLATE "C",
        body bytea NOT NULL
      ) PARTITION BY RANGE (accepted_at)`);
    await runner.query(`
      CREATE TABLE history.attempts (
        account text COLLATE "C" NOT NULL,
        at timestamptz NOT NULL,
        kafka_partition integer NOT NULL,
        kafka_offset bigint NOT NULL,
        delivery text COLLATE "C" NOT NULL,
        webhook text COLLATE "C" NOT NULL,
        event text COLLATE "C" NOT NULL,
        trigger text COLLATE "C" NOT NULL,
        attempt integer NOT NULL,
        outcome text COLLATE "C" NOT NULL,
        status integer,
        error text COLLATE "C",
        body bytea NOT NULL
      ) PARTITION BY RANGE (at)`);
    await createIndexes(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE history.attempts, history.events, history.unreadable, history.offsets');
  }
}

/**
 * Each index costs every insert, so there is one only for what narrows a search to few rows or is asked for daily. All begin with
 * the account, because no question crosses accounts. Those for lists end with the time, so that a page is read in order and stops
 * at its limit. Filters without an index (database, collection, trigger, status) are applied on the way
 * through such a list. The partial ones cost nothing for rows without the value; delivered attempts, nearly all, are not in
 * `attempts_failed`.
 */
async function createIndexes(runner: QueryRunner): Promise<void> {
  await runner.query('CREATE INDEX events_by_time ON history.events (account, accepted_at)');
  await runner.query('CREATE INDEX events_by_id ON history.events (account, id)');
  await runner.query('CREATE INDEX events_by_type ON history.events (account, type, accepted_at)');
  for (const column of ['profile', 'subprofile', 'mailing', 'message', 'recipient'])
    await runner.query(
      `CREATE INDEX events_by_${column} ON history.events (account, ${column}, accepted_at) WHERE ${column} IS NOT NULL`,
    );
  await runner.query('CREATE INDEX attempts_by_time ON history.attempts (account, at)');
  await runner.query('CREATE INDEX attempts_by_event ON history.attempts (account, event)');
  await runner.query('CREATE INDEX attempts_by_webhook ON history.attempts (account, webhook, at)');
  await runner.query(
    `CREATE INDEX attempts_failed ON history.attempts (account, at) WHERE outcome IN ('retrying', 'dead')`,
  );
}
