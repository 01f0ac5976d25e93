import { ReceiverError } from './errors.js';

/** A type of the sender's own, such as `invoice.paid`. */
export type CustomType = `${string}.${string}`;

/** Throws `type_unknown`. */
export function assertCustom(type: string): asserts type is CustomType {
  if (!type.includes('.')) throw new ReceiverError('type_unknown', type);
}
