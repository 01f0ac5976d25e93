/** A path of `/v4` and every longer one: Copernica ignores parts after a complete path (spec section 10.1). */
export function andMore(path: string): string[] {
  return [path, `${path}/*`];
}
