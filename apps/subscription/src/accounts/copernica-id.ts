import type { AccountView } from '@postduif/contracts';

export interface CopernicaIdForm {
  readonly prefix: string;
  readonly separator: string;
}

/** What has worked for customers of Copernica; receivers compare literally (spec section 6.5). */
export const DEFAULT_FORM: CopernicaIdForm = { prefix: 'account', separator: '_' };

/** Value of `X-Copernica-ID`. */
export function copernicaIdOf(account: string, { prefix, separator }: CopernicaIdForm = DEFAULT_FORM): string {
  return `${prefix}${separator}${account}`;
}

/** The parts of a value that `copernicaIdOf` made. */
export function partsOf(account: string, value: string): AccountView['copernicaId'] {
  const form = value.slice(0, value.length - account.length);
  return { prefix: form.slice(0, -1), separator: form.slice(-1), value };
}
