import { isPlainObject } from '../payload/value-shape.js';
import { mapped } from './collections.js';

/** Levels up to which data is copied; what is deeper, the payload codec refuses. */
const MAX_DEPTH = 500;

/** Copies of parts of one original, each made once: what is there twice, or within itself, is so in the copy too. */
export class Copies {
  private readonly made = new Map<object, object>();
  private depth = 0;

  /** Plain objects, arrays, maps, sets and dates are copied, with what is in them; everything else is left alone. */
  of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return this.once(value, (remember) => {
      const collection = mapped(value, (item) => this.of(item), remember);
      if (collection) return collection;
      if (Object.getPrototypeOf(value) === Date.prototype) return new Date(value as Date);
      return isPlainObject(value) ? this.object(value, remember) : value;
    });
  }

  /** What `make` makes of the value, unless something was made of it before. */
  once(value: object, make: (remember: (made: object) => void) => object): object {
    const known = this.made.get(value);
    if (known) return known;
    if (this.depth >= MAX_DEPTH) return value;
    const remember = (made: object) => void this.made.set(value, made);
    this.depth++;
    const made = make(remember);
    this.depth--;
    remember(made);
    return made;
  }

  private object(value: Record<string, unknown>, remember: (made: object) => void): object {
    const made = Object.create(Object.getPrototypeOf(value) as object | null) as object;
    remember(made);
    for (const key of Reflect.ownKeys(value)) {
      if (!Object.prototype.propertyIsEnumerable.call(value, key)) continue;
      // Not by assignment: `__proto__` may be a key like any other.
      const copy = this.of(value[key as string]);
      Object.defineProperty(made, key, { value: copy, enumerable: true, writable: true, configurable: true });
    }
    return made;
  }
}
