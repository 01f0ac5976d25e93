import kafkajs from 'kafkajs';

/** Refusals of a whole topic. kafkajs takes the first for a passing one, and gives up after a few tries. */
const TOPIC_REFUSALS: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
]);

export function isTopicRefusal(type: string): boolean {
  return TOPIC_REFUSALS.has(type);
}

/** Type of an answer that trying again does not change; undefined for any other error. */
export function refusalOf(error: unknown): string | undefined {
  let cause = error;
  while (
    cause instanceof kafkajs.KafkaJSError &&
    !(cause instanceof kafkajs.KafkaJSProtocolError) &&
    cause.cause !== undefined
  )
    cause = cause.cause;
  if (!(cause instanceof kafkajs.KafkaJSProtocolError)) return undefined;
  return TOPIC_REFUSALS.has(cause.type) || !cause.retriable ? cause.type : undefined;
}
