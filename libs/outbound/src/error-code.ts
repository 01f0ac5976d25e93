/**
 * The code of an error of Node.js (`ECONNRESET`) or undici (`UND_ERR_SOCKET`), empty without one. Looks at the shape, not at the
 * class: errors of Node's own code belong to another realm where code runs in a `vm` context, as tests do.
 */
export function codeOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return '';
  if ('errors' in cause && Array.isArray(cause.errors)) return mostTelling(cause.errors.map(codeOf));
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}

/** Of several addresses that failed, the one whose server said something tells most. */
function mostTelling(codes: readonly string[]): string {
  return ['ECONNREFUSED', 'ETIMEDOUT'].find((code) => codes.includes(code)) ?? codes[0] ?? '';
}
