/** What can be typed after `npm`, and what it needs. */

export const COMMANDS = {
  start: { script: 'tools/stack/dist/start.js', kafka: true },
  test: { script: 'tools/stack/dist/test.js', kafka: true },
  bench: { script: 'tools/bench/dist/main.js', kafka: true },
  receiver: { script: 'tools/receiver/dist/receiver.js', kafka: false },
  demo: { script: 'tools/receiver/dist/demo.js', kafka: false },
};

export const START_USAGE = `npm start [-- --reset] [-- --help]

Starts PostgreSQL, Apache Kafka and the five services, and restarts what dies, until Ctrl-C.

  --reset   start afresh: delete all data of earlier starts first
  --help    this text

Settings (environment variables; every other variable goes to the services as it is):
  POSTDUIF_HOME            folder of data, logs and credentials         .postduif
  POSTDUIF_API_PORT        the public address (subscription)            8080
  POSTDUIF_INGEST_PORT     event-ingest                                 8081
  POSTDUIF_FANOUT_PORT     fan-out                                      8082
  POSTDUIF_DELIVERY_PORT   delivery                                     8083
  POSTDUIF_HISTORY_PORT    history                                      8084
  POSTDUIF_MANAGEMENT_PORT metrics and health (subscription)            8085
  POSTDUIF_GRPC_PORT       gRPC (subscription)                          9091
  POSTDUIF_KAFKA_PORT      Kafka; its controller has the next port      19092
  POSTDUIF_POSTGRES_PORT   PostgreSQL                                   15432
  POSTDUIF_CACHE           folder of Kafka's jars, downloaded once      ~/.cache/postduif (macOS: ~/Library/Caches/postduif)
  KAFKA_BROKERS            use this Kafka, start none                   (host:port, comma separated)
  DATABASE_URL             use this PostgreSQL, start none              (postgres://user:password@host:port/database)
  LOG_LEVEL                of the services                              info
`;

export const TEST_USAGE = `npm test [-- unit|integration|system] [-- <path pattern> or any option of Jest]

Runs the tests on a Kafka and a PostgreSQL started for them (or those of KAFKA_BROKERS and DATABASE_URL).
`;

/** Raised for a command line that cannot be understood; the message says what is possible. */
export class UsageError extends Error {}

/** What `npm start -- …` asks for. Unknown arguments are an error. */
export function parseStartArguments(args) {
  const unknown = args.filter((arg) => arg !== '--reset' && arg !== '--help' && arg !== '-h');
  if (unknown.length > 0) throw new UsageError(`npm start does not know ${unknown.join(' ')}.\n\n${START_USAGE}`);
  return { help: args.includes('--help') || args.includes('-h'), reset: args.includes('--reset') };
}
