/** `YYYY-MM-DD HH:MM:SS` (spec section 3.3) of a moment of the contract, which is ISO 8601 in UTC already. */
export function copernicaTime(moment: string): string {
  return `${moment.slice(0, 10)} ${moment.slice(11, 19)}`;
}

/** Whole Unix seconds of the same instant. */
export function unixSeconds(moment: string): number {
  return Math.floor(Date.parse(moment) / 1_000);
}
