/** Deeper than any event; a cycle has no end. */
const MAX_DEPTH = 100;
/** Names that the server refuses: ways to an object's class, and what is kept for the envelope. */
const RESERVED = /^(__.*__|constructor|prototype|)$/s;

/** Halves of emoji, as `slice` leaves them, and NUL: no database takes them. */
const wellFormed = (text: string) => text.replace(/\p{Cs}|\0/gu, '\ufffd');

/**
 * The text of an event, with `envelope` beside its data. It is written here, since a page may have `toJSON` methods that
 * know no envelope, and `JSON.stringify` makes `{}` of what it does not know. Throws where anything would be lost.
 */
export function eventJson(data: unknown, envelope: object): string {
  const given = ownForm(data);
  if (tagOf(given) !== 'Object') throw refusal('data', given);
  const names = Object.keys(given as object).filter((name) => !Object.keys(envelope).includes(name));
  const own = members(given as object, names, 'data', 0);
  const beside = Object.entries(envelope).map(([name, value]) => `"${name}":${json(value, name, 0) ?? null}`);
  return `{${[...own, ...beside].join()}}`;
}

/** As JSON, undefined, functions and symbols are left out. */
function json(given: unknown, path: string, depth: number): string | undefined {
  const value = ownForm(given);
  if (typeof value === 'string') return JSON.stringify(wellFormed(value));
  if (typeof value === 'boolean' || value === null || isExact(value)) return String(value);
  if (['undefined', 'function', 'symbol'].includes(typeof value)) return undefined;
  const tag = depth < MAX_DEPTH && typeof value === 'object' ? tagOf(value) : undefined;
  if (tag === 'Array')
    return `[${Array.from(value as unknown[], (item, i) => json(item, `${path}.${i}`, depth + 1) ?? 'null').join()}]`;
  if (tag === 'Object')
    return `{${members(value as object, Object.keys(value as object), path, depth).join()}}`;
  throw refusal(path, value);
}

function members(object: object, names: string[], path: string, depth: number): string[] {
  return names.flatMap((name) => {
    const at = `${path}.${name}`;
    if (RESERVED.test(name)) throw refusal(at);
    const value = json((object as Record<string, unknown>)[name], at, depth + 1);
    return value === undefined ? [] : `${JSON.stringify(wellFormed(name))}:${value}`;
  });
}

/** Of a value, or of a name that is reserved. */
const refusal = (path: string, value?: unknown) =>
  new TypeError(
    `JSON cannot hold ${path}: ${typeof value === 'object' ? tagOf(value) : String(value ?? 'a reserved name')}`,
  );

/** The server refuses whole numbers that are rounded; JSON has no others than finite ones. */
const isExact = (value: unknown): boolean =>
  Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));

/** What an object says of itself. Not what old libraries have arrays and dates say. */
function ownForm(value: unknown): unknown {
  if (tagOf(value) === 'Date') return (value as Date).toISOString();
  const { toJSON } = Object(value) as { toJSON?: unknown };
  const isAsked = typeof value === 'object' && typeof toJSON === 'function' && !Array.isArray(value);
  return isAsked ? (toJSON as () => unknown).call(value) : value;
}

const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);
