/** Milliseconds on the clock that all processes of a machine share and that nobody sets. Not the time of day. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
