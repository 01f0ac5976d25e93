import { Readable } from 'node:stream';
import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiError } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseParameters } from '../listing/list-parameters.js';
import { ReadAccess } from '../listing/read-access.js';
import { FORMATS } from './logfile-format.js';
import type { FormatName, LogfileFormat } from './logfile-format.js';
import { FAMILIES, kindOf } from './logfile-kinds.js';
import type { Family, LogfileKind } from './logfile-kinds.js';
import { LogfileStore } from './logfile-store.js';

const isDate = (text: string): boolean => {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
};
const date = z
  .string('give it once')
  .regex(/^[12]\d{3}-\d\d-\d\d$/, { error: 'must be a date such as 2026-01-15', abort: true })
  .refine(isDate, 'is not in the calendar');

const listParameters = z.strictObject({
  date: date.optional(),
  /** First part of the names. */
  type: z.string('give it once').max(128, 'has at most 128 characters').optional(),
  family: z.enum(Object.keys(FAMILIES) as [Family, ...Family[]]).default('smtpeter'),
});

const DATE = /^\d{4}-\d\d-\d\d$/;
const NAME = /^(?<prefix>.+)\.(?<date>\d{4}-\d\d-\d\d)\.log$/;
const FORM = 'A logfile is called <prefix>.<date>.log, such as clicks.2026-01-15.log.';
const NO_KIND = 'There are no logfiles with this prefix.';
const LIST = 'The list of logfiles has the dates, and for each date the names.';

/** `/v1/logfiles`: an account's logfiles (spec sections 10.3 and 11). The front door serves them at Copernica's and SMTPeter's addresses. */
@Controller('v1/logfiles')
export class LogfilesController {
  constructor(
    @Inject(ReadAccess) private readonly access: ReadAccess,
    @Inject(LogfileStore) private readonly logfiles: LogfileStore,
  ) {}

  /** Dates; with a date or a type, names. */
  @Get()
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<string[]> {
    const account = await this.access.account(request);
    const { date: day, type, family } = parseParameters(listParameters, query);
    if (day === undefined && type === undefined) return this.logfiles.dates(account);
    const days = day === undefined ? await this.logfiles.dates(account) : [day];
    const names: string[] = [];
    for (const one of days) names.push(...(await this.logfiles.names(account, one, family)));
    return type === undefined ? names : names.filter((name) => NAME.exec(name)?.groups?.prefix === type);
  }

  /** By a date the names; by a name the file, as CSV without a header. */
  @Get(':what')
  async get(
    @Req() request: FastifyRequest,
    @Param('what') what: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string[] | Readable> {
    const account = await this.access.account(request);
    if (DATE.test(what)) return this.logfiles.names(account, inCalendar(what), 'smtpeter');
    return this.#file(account, what, 'csv', reply);
  }

  @Get(':name/:format')
  async file(
    @Req() request: FastifyRequest,
    @Param('name') name: string,
    @Param('format') format: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const account = await this.access.account(request);
    if (!Object.hasOwn(FORMATS, format))
      throw new ApiError('not_found', `A logfile comes as ${Object.keys(FORMATS).join(', ')}.`);
    return this.#file(account, name, format as FormatName, reply);
  }

  async #file(account: string, name: string, format: FormatName, reply: FastifyReply): Promise<Readable> {
    const { kind, day } = parseName(name);
    // What fails before the first line is an answer; later it can only break off.
    const pieces = this.#pieces(account, kind, day, FORMATS[format]);
    const first = await pieces.next();
    void reply.header('content-type', FORMATS[format].contentType);
    return Readable.from(startingWith(first, pieces), { objectMode: false });
  }

  async *#pieces(account: string, kind: LogfileKind, day: string, format: LogfileFormat): AsyncGenerator<string> {
    const columns = kind.columns.map(([name]) => name);
    let written = 0;
    for await (const lines of this.logfiles.lines(account, kind, day)) {
      const text = lines.map((line, index) => format.line(columns, line, written + index)).join('');
      yield written === 0 ? format.begin(columns) + text : text;
      written += lines.length;
    }
    yield format.end;
  }
}

function parseName(name: string): { kind: LogfileKind; day: string } {
  const { prefix, date: day } = NAME.exec(name)?.groups ?? {};
  if (prefix === undefined || day === undefined) throw unknown(FORM);
  const kind = kindOf(prefix);
  if (kind === undefined) throw unknown(NO_KIND);
  return { kind, day: inCalendar(day) };
}

function inCalendar(day: string): string {
  const { error } = date.safeParse(day);
  if (error !== undefined) throw unknown(`The date ${day} ${error.issues[0]?.message}.`);
  return day;
}

function unknown(why: string): ApiError {
  return new ApiError('not_found', `${why} ${LIST}`);
}

async function* startingWith(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value;
  yield* rest;
}
