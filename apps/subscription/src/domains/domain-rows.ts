import type { Queries } from '../database/database.js';
import type { RecordCheck } from '../dns/record-check.js';

export interface Domain {
  readonly account: string;
  readonly domain: string;
  /** What its TXT record holds. */
  readonly token: string;
  readonly createdAt: Date;
  /** Null until the record was found. */
  readonly validatedAt: Date | null;
  readonly dns: RecordCheck | null;
  readonly version: number;
}

const COLUMNS = `account, domain, token, created_at AS "createdAt", validated_at AS "validatedAt", dns, version`;

/** Adds a domain; undefined when the account has it already. */
export async function insertDomain(
  queries: Queries,
  account: string,
  domain: string,
  token: string,
): Promise<Domain | undefined> {
  const [row] = await queries.query<Domain>(
    `INSERT INTO config.domains (account, domain, token) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    [account, domain, token],
  );
  return row;
}

export async function findDomain(queries: Queries, account: string, domain: string): Promise<Domain | undefined> {
  const [row] = await queries.query<Domain>(
    `SELECT ${COLUMNS} FROM config.domains WHERE account = $1 AND domain = $2`,
    [account, domain],
  );
  return row;
}

export function listDomains(queries: Queries, account: string): Promise<Domain[]> {
  return queries.query<Domain>(`SELECT ${COLUMNS} FROM config.domains WHERE account = $1 ORDER BY domain`, [account]);
}

/** Validated domains that were last looked for before `before`, the longest ago first. */
export function domainsToCheck(queries: Queries, before: Date, limit: number): Promise<Domain[]> {
  return queries.query<Domain>(
    `SELECT ${COLUMNS} FROM config.domains WHERE validated_at IS NOT NULL AND dns->>'at' < $1 ORDER BY dns->>'at' LIMIT $2`,
    [before.toISOString(), limit],
  );
}

/** Notes what was found in DNS, and with `validatedAt` when the domain was validated first; undefined when it is gone. */
export async function noteCheck(
  queries: Queries,
  { account, domain, token }: Domain,
  dns: RecordCheck,
  validatedAt: Date | null,
): Promise<Domain | undefined> {
  const [row] = await queries.query<Domain>(
    `UPDATE config.domains SET dns = $4, validated_at = coalesce(validated_at, $5), version = version + 1
     WHERE account = $1 AND domain = $2 AND token = $3 RETURNING ${COLUMNS}`,
    [account, domain, token, dns, validatedAt],
  );
  return row;
}

export async function deleteDomain(queries: Queries, account: string, domain: string): Promise<boolean> {
  const gone = await queries.query('DELETE FROM config.domains WHERE account = $1 AND domain = $2 RETURNING domain', [
    account,
    domain,
  ]);
  return gone.length > 0;
}

/**
 * Lets nobody else change the validated domains of an account until the end of the transaction. Who locks webhooks or keys too
 * does so after this.
 */
export async function lockDomains(transaction: Queries, account: string): Promise<void> {
  await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR NO KEY UPDATE', [account]);
}

/** The validated domains of an account, which stay so until the end of the transaction. */
export async function holdValidatedDomains(transaction: Queries, account: string): Promise<string[]> {
  // Not in one statement: that would see the domains as they were before it had to wait.
  await transaction.query('SELECT FROM config.accounts WHERE id = $1 FOR SHARE', [account]);
  return (await validatedDomains(transaction, account)).get(account) ?? [];
}

/** The validated domains of an account, or of all. */
export async function validatedDomains(queries: Queries, account?: string): Promise<ReadonlyMap<string, string[]>> {
  const rows = await queries.query<{ account: string; domains: string[] }>(
    `SELECT account, array_agg(domain) AS domains FROM config.domains
     WHERE validated_at IS NOT NULL AND ($1::text IS NULL OR account = $1) GROUP BY account`,
    [account ?? null],
  );
  return new Map(rows.map(({ account: owner, domains }) => [owner, domains]));
}
