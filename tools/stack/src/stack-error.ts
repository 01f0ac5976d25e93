/** What can go wrong with a stack before or while it starts. */
export type StackErrorCode =
  | 'setting_invalid'
  | 'port_in_use'
  | 'home_not_ours'
  | 'home_unusable'
  | 'already_running'
  | 'kafka_unreachable'
  | 'postgres_unreachable'
  | 'postgres_user_missing'
  | 'not_compiled'
  | 'java_missing'
  | 'preparation_failed'
  | 'did_not_start'
  | 'stopped';

/** Raised when a stack cannot start or cannot do what was asked; the message is for a person and says what to do. */
export class StackError extends Error {
  override readonly name = 'StackError';

  constructor(
    readonly code: StackErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
