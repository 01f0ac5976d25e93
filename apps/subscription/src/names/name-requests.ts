import type { Access } from '@postduif/access';
import { numericId, pageQuery } from '@postduif/contracts';
import type { Page, Scope } from '@postduif/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ApiAccess } from '../accounts/api-access.js';
import { entityTag, preconditionOf, showVersion } from '../changes/precondition.js';
import { sayCreated } from '../v4/created.js';
import { pageOf } from '../v4/pages.js';
import { parse } from '../v4/parse.js';
import type { PublicAddress } from '../v4/public-address.js';
import type { NameKey, NameKind, NameRow, Place } from './name-rows.js';
import { unknownName } from './names.js';
import type { Names } from './names.js';

/** The database or collection in a path that something is in. */
export interface Parent {
  readonly kind: 'database' | 'collection';
  readonly id: string;
}

/** One of the lists that there are: `/v4/databases`, or something within a parent. */
export interface ListPath {
  readonly kind: NameKind;
  readonly parent?: Parent | undefined;
}

/** The same with one of its names. */
export interface NamePath extends ListPath {
  readonly id: string;
}

interface Changes {
  readonly name?: string | undefined;
  readonly group?: string | null | undefined;
}

/** Requests to the registry of names, by Copernica's conventions (spec section 10.1). */
export class NameRequests {
  constructor(
    private readonly access: ApiAccess,
    private readonly names: Names,
    private readonly address: PublicAddress,
  ) {}

  async list<View>(
    request: FastifyRequest,
    path: ListPath,
    toView: (row: NameRow) => View,
    query: unknown,
  ): Promise<Page<View>> {
    const { account } = await this.#caller(request, 'databases:read');
    const { start, limit, total: counted } = parse(pageQuery, query);
    const list = { account, kind: path.kind, place: await this.#place(account, path.parent) };
    const { names, total } = await this.names.list(list, { start, limit, total: counted });
    return pageOf({ start, limit }, names.map(toView), total);
  }

  async get<View>(
    request: FastifyRequest,
    reply: FastifyReply,
    path: NamePath,
    toView: (row: NameRow) => View,
  ): Promise<View | undefined> {
    const { account } = await this.#caller(request, 'databases:read');
    const row = await this.#find(account, path);
    return showVersion(reply, entityTag(row.version), toView(row));
  }

  /** @param entity path of what is made, without its id */
  async create(
    request: FastifyRequest,
    reply: FastifyReply,
    path: ListPath,
    { schema, body, entity }: { schema: z.ZodType<Changes & { name: string }>; body: unknown; entity: string },
  ): Promise<void> {
    const caller = await this.#caller(request, 'databases:write');
    const given = parse(schema, body);
    const list = { account: caller.account, kind: path.kind, place: await this.#place(caller.account, path.parent) };
    const id = await this.names.create(caller, list, given);
    sayCreated(reply, id, this.address.entity(request, `${entity}/${id}`));
  }

  /** 201 when it was made, 204 when it was renamed. */
  async register(
    request: FastifyRequest,
    reply: FastifyReply,
    path: ListPath,
    { schema, body, entity }: { schema: z.ZodType<{ ID: number; name: string }>; body: unknown; entity: string },
  ): Promise<void> {
    const caller = await this.#caller(request, 'databases:write');
    const { ID: id, name } = parse(schema, body);
    const list = { account: caller.account, kind: path.kind, place: await this.#place(caller.account, path.parent) };
    if (await this.names.register(caller, list, { id, name }))
      sayCreated(reply, String(id), this.address.entity(request, `${entity}/${id}`));
  }

  async change(request: FastifyRequest, path: NamePath, schema: z.ZodType<Changes>, body: unknown): Promise<void> {
    const caller = await this.#caller(request, 'databases:write');
    const given = parse(schema, body);
    if (path.parent !== undefined) await this.#find(caller.account, path);
    await this.names.change(caller, keyOf(caller.account, path), given, preconditionOf(request));
  }

  #caller(request: FastifyRequest, scope: Scope): Promise<Access> {
    return this.access.requireCompatible(request, scope);
  }

  async #find(account: string, path: NamePath): Promise<NameRow> {
    const place = path.parent && (await this.#place(account, path.parent));
    const row = await this.names.get(keyOf(account, path));
    if (place !== undefined && row.place !== place) throw unknownName(path.kind);
    return row;
  }

  async #place(account: string, parent: Parent | undefined): Promise<Place> {
    if (parent === undefined) return '';
    const { id } = await this.names.get(keyOf(account, parent));
    return `${parent.kind}/${Number(id)}`;
  }
}

function keyOf(account: string, { kind, id }: NamePath | Parent): NameKey {
  const number = numericId.safeParse(id);
  if (!number.success) throw unknownName(kind);
  return { account, kind, id: number.data };
}
