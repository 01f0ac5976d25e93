import type { Attempt, DeliveryView } from '@postduif/contracts';

/** Groups attempts, given in the order in which they were made, by delivery. */
export function deliveriesOf(attempts: readonly Attempt[]): DeliveryView[] {
  const byDelivery = Map.groupBy(attempts, ({ delivery }) => delivery);
  return [...byDelivery].map(([id, made]) => {
    // A repeat after a crash may be made later than the attempt that follows it has been recorded: the number decides.
    const ordered = made.toSorted((one, other) => one.attempt - other.attempt);
    return describe(id, ordered);
  });
}

function describe(id: string, attempts: readonly Attempt[]): DeliveryView {
  const latest = attempts.at(-1);
  if (latest === undefined) throw new RangeError('a delivery without attempts');
  const { webhook, outcome, nextAttemptAt, reason } = latest;
  return {
    id,
    webhook,
    state: outcome,
    ...(outcome === 'retrying' && nextAttemptAt !== undefined ? { nextAttemptAt } : {}),
    ...(outcome === 'dead' && reason !== undefined ? { reason } : {}),
    attempts,
  };
}
