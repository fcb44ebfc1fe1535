/** Names a value for an error message: short, on one line, never throwing. */
export function describe(value: unknown): string {
  try {
    return described(value);
  } catch {
    return 'an unreadable value';
  }
}

function described(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string')
    return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'an invalid Date' : `Date ${value.toISOString()}`;
  const type = (value as { constructor?: { name?: string } }).constructor?.name;
  return type && type !== 'Object' ? `an instance of ${type}` : 'an object';
}
