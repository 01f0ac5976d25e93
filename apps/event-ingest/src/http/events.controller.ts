import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { All, Controller, Inject, Req, Res } from '@nestjs/common';
import { ApiError } from '@postduif/contracts';
import type { ErrorCode, Event } from '@postduif/contracts';
import { requirePlainBody, sendProblem, toApiError } from '@postduif/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { IngestMetrics } from '../ingest-metrics.js';
import type { ParsedEvent } from '../parsing/parsed-event.js';
import { readRequest } from '../parsing/request-events.js';
import type { Outcome, RequestEvents } from '../parsing/request-events.js';
import { Turn } from '../turn.js';
import { EventTypes } from '../types/event-types.js';
import { answerBatch } from './batch-answer.js';
import { EventSink } from './event-sink.js';
import { RateLimit } from './rate-limit.js';
import { RequestBodies } from './request-bodies.js';
import { factsOf } from './request-facts.js';
import type { RequestFacts } from './request-facts.js';
import { WriteAccess } from './write-access.js';

/** Most events of a request. */
export const MAX_EVENTS = Symbol('MAX_EVENTS');

const ACCEPTED = 202;
/** Events that the log line of a request names; of more it says how many. */
const MOST_NAMED = 20;
const TURN_MS = 50;

/** `POST /v1/events`: answers when Kafka has what it accepts. */
@Controller('v1/events')
export class EventsController {
  readonly #turn = new Turn(TURN_MS);

  constructor(
    @Inject(WriteAccess) private readonly access: WriteAccess,
    @Inject(RateLimit) private readonly limit: RateLimit,
    @Inject(RequestBodies) private readonly bodies: RequestBodies,
    @Inject(EventTypes) private readonly types: EventTypes,
    @Inject(EventSink) private readonly sink: EventSink,
    @Inject(IngestMetrics) private readonly metrics: IngestMetrics,
    @Inject(MAX_EVENTS) private readonly maxEvents: number,
  ) {}

  @All()
  async handle(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    try {
      if (request.method !== 'POST') {
        void reply.header('allow', 'POST');
        throw new ApiError('method_not_allowed');
      }
      await this.#accept(request, reply);
    } catch (error) {
      factsOf(request).code = toApiError(error).code;
      throw error;
    }
  }

  async #accept(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { headers } = request;
    const { account, token } = await this.access.of(request);
    Object.assign(factsOf(request), { account, token });
    this.#requireRoom(account);
    requirePlainBody(request, reply);
    // Absent when there is nothing to read.
    const stream = request.body instanceof Readable ? request.body : Readable.from([]);
    await this.bodies.read(stream, Number(headers['content-length'] ?? 0), async (body) => {
      // The body may have taken its time.
      this.#requireRoom(account);
      await this.#acceptBody(body, account, request, reply);
    });
  }

  #requireRoom(account: string): void {
    this.limit.require(account);
    this.sink.requireBroker();
  }

  async #acceptBody(body: Buffer, account: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const facts = factsOf(request);
    facts.bytes = body.length;
    const now = Date.now();
    const sent = readRequest({ headers: request.headers, body }, { account, now }, this.maxEvents);
    this.limit.spend(account, sent.events.length);
    const outcomes = await this.#store(sent, now, request);
    noteOutcomes(facts, outcomes);
    if (sent.batch) answerAll(outcomes, request, reply);
    else for (const outcome of outcomes) answerOne(outcome, reply);
  }

  async #store({ events }: RequestEvents, now: number, request: FastifyRequest): Promise<Outcome<Event>[]> {
    const header = request.headers.traceparent;
    const traceparent = typeof header === 'string' ? header : undefined;
    const checked = await this.#checked(events);
    return Promise.all(
      checked.map(async (event) => {
        const outcome = 'ok' in event ? await this.#write(event.ok, now, traceparent) : event;
        if ('refusal' in outcome) this.metrics.refused('http', outcome.refusal.code);
        return outcome;
      }),
    );
  }

  /** Refuses what does not fit the schema of its type. A batch may be much work. */
  async #checked(events: readonly Outcome<ParsedEvent>[]): Promise<Outcome<ParsedEvent>[]> {
    const checked: Outcome<ParsedEvent>[] = [];
    for (const event of events) {
      while (this.#turn.isOver()) await nextTurn();
      const refusal = 'ok' in event ? this.types.refusalOf(event.ok) : undefined;
      checked.push(refusal === undefined ? event : { refusal });
    }
    return checked;
  }

  async #write(parsed: ParsedEvent, now: number, traceparent: string | undefined): Promise<Outcome<Event>> {
    const start = performance.now();
    const outcome = await this.sink.store(parsed, now, traceparent);
    this.metrics.written((performance.now() - start) / 1_000);
    if ('ok' in outcome) this.metrics.accepted('http', parsed.json.length);
    return outcome;
  }
}

function noteOutcomes(facts: RequestFacts, outcomes: readonly Outcome<Event>[]): void {
  const events = outcomes.flatMap((outcome) => ('ok' in outcome ? [outcome.ok] : []));
  facts.accepted = events.length;
  facts.refused = outcomes.length - events.length;
  if (events.length > 0 && events.length <= MOST_NAMED) {
    facts.events = events.map(({ id }) => id);
    facts.types = [...new Set(events.map(({ type }) => type))];
  }
  if (facts.refused > 0) facts.refusals = refusalsOf(outcomes);
}

/** How often each code. */
function refusalsOf(outcomes: readonly Outcome<Event>[]): Partial<Record<ErrorCode, number>> {
  const counts: Partial<Record<ErrorCode, number>> = {};
  for (const outcome of outcomes)
    if ('refusal' in outcome) counts[outcome.refusal.code] = (counts[outcome.refusal.code] ?? 0) + 1;
  return counts;
}

function answerOne(outcome: Outcome<Event>, reply: FastifyReply): void {
  if ('refusal' in outcome) throw outcome.refusal;
  void reply.status(ACCEPTED).send({ id: outcome.ok.id });
}

function answerAll(outcomes: readonly Outcome<Event>[], request: FastifyRequest, reply: FastifyReply): void {
  const answer = answerBatch(outcomes);
  if ('ids' in answer) {
    void reply.status(ACCEPTED).send(answer);
    return;
  }
  factsOf(request).code = answer.error.code;
  sendProblem(reply, answer.error, answer.problem);
}
