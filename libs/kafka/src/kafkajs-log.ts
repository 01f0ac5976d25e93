import kafkajs from 'kafkajs';
import type { LogEntry } from 'kafkajs';
import type { Log } from './log.js';

const REPEAT_AFTER_MS = 30_000;
const MOST_REMEMBERED = 200;

/** Part of every rebalance and of every first start of a group, though kafkajs calls it an error. */
const ORDINARY =
  /rejoin is needed|re-joining|not the correct coordinator|coordinator is not available|generation id is not valid|topic creation errors|not the leader for that topic-partition|does not host this topic-partition|coordinator is loading/i;

/**
 * Writes what kafkajs says. It speaks of every pause at info and of every failed attempt to connect at error. Here attempts are made
 * once a second while a broker is away, so the same sentence is a warning once in 30 seconds, and all else is detail.
 */
export function kafkajsLog(log: Log): (entry: LogEntry) => void {
  const said = new Map<string, number>();
  return ({ level, namespace, log: { message, timestamp: _timestamp, ...fields } }) => {
    const detail = { ...fields, namespace };
    const text = `kafkajs: ${message}`;
    const serious = level <= kafkajs.logLevel.WARN && !ORDINARY.test(`${message} ${String(fields.error)}`);
    if (serious && isNews(said, `${namespace} ${message}`)) log.warn(detail, text);
    else log.debug(detail, text);
  };
}

function isNews(said: Map<string, number>, sentence: string): boolean {
  const now = Date.now();
  if (now - (said.get(sentence) ?? -Infinity) < REPEAT_AFTER_MS) return false;
  if (said.size >= MOST_REMEMBERED) said.clear();
  said.set(sentence, now);
  return true;
}
