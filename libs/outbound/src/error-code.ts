/**
 * The code of an error of Node.js (`ECONNRESET`) or undici (`UND_ERR_SOCKET`), empty without one. Looks at the shape, not at the
 * class: errors of Node's own code belong to another realm where code runs in a `vm` context, as tests do.
 */
export function codeOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return '';
  if ('errors' in cause && Array.isArray(cause.errors)) return mostTelling(cause.errors.map(codeOf));
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}

/** What a process or its machine has no more of: nothing is known of the server then. */
export const OWN_LIMITS: readonly string[] = ['EMFILE', 'ENFILE', 'ENOBUFS'];

/** Of several addresses that failed, one that could not be tried tells most: it might have answered. Then one whose server said something. */
function mostTelling(codes: readonly string[]): string {
  return [...OWN_LIMITS, 'ECONNREFUSED', 'ETIMEDOUT'].find((code) => codes.includes(code)) ?? codes[0] ?? '';
}
