/** Why a record was not confirmed. Stable. */
export const PRODUCER_ERRORS = {
  producer_buffer_full: 'Too many records wait to be written. Try again later.',
  record_too_large: 'The record is larger than its topic takes.',
  record_refused: 'Kafka refused the record for good.',
  broker_unavailable: 'Kafka did not confirm the record in time. It may have been written all the same, now or later.',
  producer_closed: 'The producer was closed. The record may have been written all the same.',
} as const;

export type ProducerErrorCode = keyof typeof PRODUCER_ERRORS;

export class ProducerError extends Error {
  override readonly name = 'ProducerError';

  constructor(
    readonly code: ProducerErrorCode,
    options?: ErrorOptions,
  ) {
    super(PRODUCER_ERRORS[code], options);
  }
}
