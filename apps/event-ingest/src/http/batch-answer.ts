import { ApiError } from '@postduif/contracts';
import type { ErrorCode, Event, FieldError, Problem } from '@postduif/contracts';
import type { Outcome } from '../parsing/request-events.js';

/** Why one event of a batch was refused. */
export interface ItemError {
  /** Place in the batch, from 0. */
  readonly index: number;
  readonly code: ErrorCode;
  readonly detail: string;
  /** Wrong fields, where there are any. */
  readonly errors?: readonly FieldError[];
}

/** Answer to a batch of which at least one event was accepted. */
export interface BatchAccepted {
  /** The id of each event in order; `null` where it was refused. */
  readonly ids: readonly (string | null)[];
  readonly errors: readonly ItemError[];
}

/** Problem details of a batch of which no event was accepted. */
export interface BatchProblem extends Omit<Problem, 'errors'> {
  readonly errors: readonly ItemError[];
}

/** No event of a batch was accepted. */
export interface BatchRefused {
  readonly error: ApiError;
  readonly problem: BatchProblem;
}

/** What is answered to a batch. */
export function answerBatch(outcomes: readonly Outcome<Event>[]): BatchAccepted | BatchRefused {
  const errors = outcomes.flatMap((outcome, index) =>
    'refusal' in outcome ? [itemError(index, outcome.refusal)] : [],
  );
  if (errors.length < outcomes.length)
    return { ids: outcomes.map((outcome) => ('ok' in outcome ? outcome.ok.id : null)), errors };
  const error =
    transient(outcomes) ?? new ApiError('invalid_event', 'No event of the batch was accepted; see `errors`.');
  return { error, problem: { ...error.toProblem(), errors } };
}

/** Where trying again helps any event, the answer says so: what is invalid is then named with the others accepted. */
function transient(outcomes: readonly Outcome<Event>[]): ApiError | undefined {
  return outcomes
    .flatMap((outcome) => ('refusal' in outcome ? [outcome.refusal] : []))
    .find(({ status }) => status === 503 || status === 429);
}

function itemError(index: number, { code, message, options }: ApiError): ItemError {
  return { index, code, detail: message, ...(options.errors === undefined ? {} : { errors: options.errors }) };
}
