/** What of an object could have been replaced or written to: one line for each member, by its name. */
export type Members = ReadonlyMap<string, string>;

const identities = new WeakMap<object, number>();
let last = 0;

function identity(object: object): number {
  if (!identities.has(object)) identities.set(object, ++last);
  return identities.get(object)!;
}

/**
 * The members of an object and of all its prototypes. Functions of prototypes are told by their identity, those of the
 * object itself by their source, since each object has its own of these; other values by there being one.
 */
export function membersOf(object: object, scalars = false): Members {
  const members = new Map<string, string>();
  for (const key of Reflect.ownKeys(object)) members.set(`own ${String(key)}`, own(object, key, scalars));
  for (
    let prototype = Object.getPrototypeOf(object) as object | null;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (key === 'constructor' || members.has(String(key))) continue;
      members.set(String(key), inherited(prototype, key));
    }
  }
  members.set('prototype', String(identity((Object.getPrototypeOf(object) as object | null) ?? Object)));
  return members;
}

/** The members of a prototype itself: each function of it by its identity. */
export function membersOfPrototype(prototype: object): Members {
  const members = new Map(Reflect.ownKeys(prototype).map((key) => [String(key), inherited(prototype, key)]));
  return members.set(
    'prototype',
    String(identity((Object.getPrototypeOf(prototype) as object | null) ?? Object)),
  );
}

function own(object: object, key: string | symbol, scalars: boolean): string {
  const { value, get } = Object.getOwnPropertyDescriptor(object, key)!;
  if (get) return `accessor ${get.toString()}`;
  if (typeof value === 'function') return (value as () => unknown).toString();
  return scalars && typeof value !== 'object' ? String(value) : 'value';
}

function inherited(prototype: object, key: string | symbol): string {
  const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, key)!;
  return [value, get, set].map((each: unknown) => (typeof each === 'function' ? identity(each) : '-')).join();
}

/** What is other than it is expected to be, one line each. */
export function differences(expected: Members, actual: Members): string[] {
  const lines: string[] = [];
  for (const [name, value] of actual) {
    if (!expected.has(name)) lines.push(`${name} was added`);
    else if (expected.get(name) !== value) lines.push(`${name} was replaced`);
  }
  for (const name of expected.keys()) if (!actual.has(name)) lines.push(`${name} is gone`);
  return lines;
}
