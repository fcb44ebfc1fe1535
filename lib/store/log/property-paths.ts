/** What is at the path of property names with dots between them; undefined where there is no such way. */
export function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A copy with another value at the path; objects beside the way are the same. An empty path: the value. */
export function replacedAt(data: unknown, path: string, value: unknown): unknown {
  if (path === '') return value;
  const [name, ...rest] = path.split('.');
  const copy = copyOf(data as object);
  const inner =
    rest.length === 0 ? value : replacedAt((data as Record<string, unknown>)[name!], rest.join('.'), value);
  // Not by assignment: `__proto__` may be a name like any other.
  Object.defineProperty(copy, name!, { value: inner, enumerable: true, writable: true, configurable: true });
  return copy;
}

function copyOf(data: object): object {
  if (Array.isArray(data)) return [...(data as unknown[])];
  const descriptors = Object.getOwnPropertyDescriptors(data);
  return Object.create(Object.getPrototypeOf(data) as object | null, descriptors) as object;
}
