// Objects may come from another realm (`vm`, test runners, native addons), whose `Object` and `Array` are not ours:
// so prototypes are told by their shape, never by identity.

/** True for `{}` and `Object.create(null)`. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  if (Array.isArray(value)) return false;
  const prototype = prototypeOf(value);
  return prototype === null || isRoot(prototype);
}

/** True for an array that is no instance of a subclass. */
export function isPlainArray(value: object): value is unknown[] {
  // `Array.prototype` is an array itself, the prototype of a subclass is not.
  return Array.isArray(value) && Array.isArray(prototypeOf(value));
}

/** True when `Object.prototype` follows after `levels` prototypes: for a `Map` 1, for an instance of a subclass 2. */
export function hasPrototypeDepth(value: object, levels: number): boolean {
  let prototype = prototypeOf(value);
  for (let level = 0; level < levels && prototype !== null; level++) prototype = prototypeOf(prototype);
  return prototype !== null && isRoot(prototype);
}

function isRoot(prototype: object): boolean {
  return prototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}
