/** A value as JSON for another program: what JSON has no form for becomes the next thing that it has. */
export function asJson(value: unknown, space?: number): string {
  return JSON.stringify(
    value,
    function (this: Record<string, unknown>, key: string, converted: unknown) {
      return plain(this[key], converted);
    },
    space,
  );
}

function plain(given: unknown, converted: unknown): unknown {
  if (typeof given === 'bigint') return given.toString();
  if (given instanceof Uint8Array) return Buffer.from(given).toString('base64');
  if (given instanceof Map) return [...given.entries()];
  if (given instanceof Set) return [...given.values()];
  return converted;
}
