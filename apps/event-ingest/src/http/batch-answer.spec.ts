import { describe, expect, it } from '@jest/globals';
import { ApiError, eventSchema } from '@postduif/contracts';
import type { ErrorCode, Event } from '@postduif/contracts';
import type { Outcome } from '../parsing/request-events.js';
import { answerBatch } from './batch-answer.js';

const accepted = (id: string): Outcome<Event> => ({
  ok: eventSchema.parse({ id, type: 'a.b', account: '1', time: '2026-01-15T10:20:30Z', data: {} }),
});
const refused = (code: ErrorCode): Outcome<Event> => ({ refusal: new ApiError(code) });

describe('the answer to a batch', () => {
  it('given some accepted, names the ids by place and the errors by index', () => {
    const errors = [{ path: 'type', message: 'is required' }];
    const wrong = { refusal: new ApiError('invalid_event', 'wrong', { errors }) };
    expect(answerBatch([accepted('a'), wrong, accepted('b')])).toEqual({
      ids: ['a', null, 'b'],
      errors: [{ index: 1, code: 'invalid_event', detail: 'wrong', errors }],
    });
  });

  it.each([
    [['invalid_event', 'payload_too_large'], 400, 'invalid_event'],
    [['broker_unavailable', 'broker_unavailable'], 503, 'broker_unavailable'],
    [['invalid_event', 'broker_unavailable'], 503, 'broker_unavailable'],
    [['overloaded'], 503, 'overloaded'],
  ] as [ErrorCode[], number, ErrorCode][])(
    'given none accepted because of %j, is a problem with %i',
    (codes, status, code) => {
      expect(answerBatch(codes.map(refused))).toMatchObject({
        error: { status, code },
        problem: { status, code, errors: codes.map((one, index) => ({ index, code: one })) },
      });
    },
  );
});
