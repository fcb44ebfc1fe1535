import type { PropertyProblem } from './errors.js';

/**
 * Why data may not set a property of a class's instances: one that hid a method, or `constructor`, would change what the
 * instance does. `'read-only'` for what the class works out itself by a getter; undefined where nothing is against it.
 */
export function problemOfSetting(
  type: Function,
  property: string,
  path: string,
): PropertyProblem | 'read-only' | undefined {
  const found = inherited(type.prototype as object | null, property);
  if (!found) return undefined;
  if (found.get && !found.set) return 'read-only';
  if (property !== '__proto__' && typeof found.value !== 'function') return undefined;
  return { property: path, constraints: { reserved: `${property} is not a property that data can have` } };
}

function inherited(prototype: object | null, property: string): PropertyDescriptor | undefined {
  for (let owner = prototype; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const found = Object.getOwnPropertyDescriptor(owner, property);
    if (found) return found;
  }
  return undefined;
}
