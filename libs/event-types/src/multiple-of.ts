import { str } from 'ajv';
import type { FuncKeywordDefinition } from 'ajv';

/** `multipleOf` for decimals as they are written: 0.07 is a multiple of 0.01, which no division of doubles says. */
export const multipleOf: FuncKeywordDefinition = {
  keyword: 'multipleOf',
  type: 'number',
  schemaType: 'number',
  compile: isMultipleOf,
  error: { message: ({ schemaCode }) => str`must be multiple of ${schemaCode}` },
};

function isMultipleOf(divisor: number): (value: number) => boolean {
  if (Number.isInteger(divisor)) return (value) => value % divisor === 0;
  // The digits of the divisor and the power of ten that they are divided by: both whole, so the division rounds like the number itself.
  const [mantissa = '', exponent = '0'] = String(divisor).split('e');
  const [whole = '', decimals = ''] = mantissa.split('.');
  const digits = Number(whole + decimals);
  const scale = Number(`1e${decimals.length - Number(exponent)}`);
  return (value) => (Math.round(value / divisor) * digits) / scale === value;
}
