/** A primitive from outside as `@Type(() => Number)` and its like ask for; what cannot be is left to the validation. */
export function converted(wanted: unknown, value: unknown): unknown {
  if (!isConvertible(value)) return value;
  if (wanted === String) return String(value);
  if (wanted === Number) return Number(value);
  if (wanted === Boolean) return Boolean(value);
  if (wanted === Date && typeof value !== 'bigint') return new Date(value as string | number);
  if (wanted === Buffer && typeof value === 'string') return Buffer.from(value);
  return value;
}

function isConvertible(value: unknown): value is string | number | boolean | bigint {
  return ['string', 'number', 'boolean', 'bigint'].includes(typeof value);
}
