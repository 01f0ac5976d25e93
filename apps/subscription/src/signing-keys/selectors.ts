/** DNS selectors to choose from, best first: `wh` with year and month (spec section 6.4), then with a number behind. */
export function* selectors(now: Date): Generator<string> {
  const selector = `wh${now.toISOString().slice(0, 7).replace('-', '')}`;
  yield selector;
  for (let number = 2; ; number++) yield `${selector}-${number}`;
}
