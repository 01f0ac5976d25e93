import { ApiError } from '@postduif/contracts';
import type { BatchAccepted, BatchProblem, Event, ItemError } from '@postduif/contracts';
import type { Outcome } from '../parsing/request-events.js';

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
