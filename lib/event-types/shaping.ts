import type { EventClass } from '../core/event-types.js';
import { isPlainObject } from '../payload/value-shape.js';
import { mapped } from './collections.js';
import { converted } from './converted.js';
import { Copies } from './copies.js';
import type { PropertyProblem } from './errors.js';
import { problemOfSetting } from './settable.js';
import type { TransformDecorators, TypeDecoration } from './transform-decorators.js';

export interface ShapingParts {
  decorators: TransformDecorators;
  /** Whether a class instance is stored as what it is, such as an entity, and so is left alone. */
  isOwn: (value: object) => boolean;
}

/** What `@Type` asks for, and whether the value comes from outside, to be converted. */
interface Wish {
  wanted: unknown;
  decoration: TypeDecoration;
  outside: boolean;
}

/** One property that is set: by the name that the source has for it, at a path from the whole. */
interface Setting {
  name: string;
  property: string;
  at: string;
  outside: boolean;
}

/**
 * Makes one instance of an event's class. Everything is a copy, so that what the class does to it leaves the original as
 * it is; entities and other values that are stored as what they are stay the same objects, and nothing is converted but
 * what class-transformer's decorators ask for.
 */
export class Shaping {
  readonly problems: PropertyProblem[] = [];
  private readonly copies = new Copies();

  constructor(private readonly parts: ShapingParts) {}

  /**
   * The instance, with its defaults where the source has nothing. A source from `outside` is renamed, converted and
   * transformed as the class's decorators say, where it is no instance itself.
   */
  build(type: EventClass, source: object, outside: boolean): object {
    return this.copies.once(source, (remember) => this.instance(type, source, outside, '', remember));
  }

  private instance(
    type: EventClass,
    source: object,
    fromOutside: boolean,
    path: string,
    remember: (made: object) => void,
    omitted?: string,
  ): object {
    const target = new type() as Record<string, unknown>;
    remember(target);
    const outside = fromOutside && !(source instanceof type);
    for (const [name, property] of this.properties(type, source, outside)) {
      if (name === omitted) continue;
      const at = path === '' ? property : `${path}.${property}`;
      const problem = problemOfSetting(type, property, at);
      if (problem === 'read-only') continue;
      if (problem) this.problems.push(problem);
      else this.set(target, type, source, { name, property, at, outside });
    }
    return target;
  }

  private properties(type: Function, source: object, outside: boolean): [name: string, property: string][] {
    const names = Object.keys(source);
    if (!outside) return names.map((name) => [name, name]);
    const { propertyOf, exposed } = this.parts.decorators.outsideNames(type);
    return [...new Set([...names, ...exposed])].flatMap((name): [string, string][] => {
      const property = propertyOf(name);
      return property === undefined ? [] : [[name, property]];
    });
  }

  private set(target: Record<string, unknown>, type: Function, source: object, setting: Setting): void {
    const { name, property, at, outside } = setting;
    const decoration = this.parts.decorators.typeOf(type, property);
    const given = (source as Record<string, unknown>)[name];
    const help = { newObject: target, object: source, property };
    const wanted = decoration?.typeFunction?.(help) ?? decoration?.reflectedType;
    const typed = decoration ? this.typed(given, { wanted, decoration, outside }, at) : this.copies.of(given);
    const value = outside ? this.transformed(type, source, typed, setting) : typed;
    if (value !== undefined) target[property] = value;
  }

  private transformed(type: Function, source: object, value: unknown, { property, at }: Setting): unknown {
    try {
      return this.parts.decorators.transformed(type, property, source, value);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const transform = `${property} could not be transformed (${reason})`;
      this.problems.push({ property: at, constraints: { transform } });
      return undefined;
    }
  }

  /** A value, or each within a collection, as it was wished for. */
  private typed(value: unknown, wish: Wish, path: string): unknown {
    if (typeof value !== 'object' || value === null)
      return wish.outside ? converted(wish.wanted, value) : value;
    return this.copies.once(value, (remember) => {
      const each = (item: unknown, key: unknown) => this.typed(item, wish, `${path}.${String(key)}`);
      const collection = mapped(value, each, remember);
      if (collection) return asDeclared(collection, wish);
      if (isPlainObject(value)) return this.ofPlain(value, wish, path, remember);
      const { wanted } = wish;
      const isData = typeof wanted === 'function' && value instanceof wanted && !this.parts.isOwn(value);
      if (!isData) return this.copies.of(value) as object;
      return this.instance(value.constructor as EventClass, value, false, path, remember);
    });
  }

  private ofPlain(
    value: Record<string, unknown>,
    wish: Wish,
    path: string,
    remember: (made: object) => void,
  ): object {
    const { wanted, decoration, outside } = wish;
    if (outside && decoration.reflectedType === Map) {
      const entries = Object.entries(value);
      return new Map(entries.map(([key, item]) => [key, this.typed(item, wish, `${path}.${key}`)]));
    }
    const { property, subTypes } = decoration.options?.discriminator ?? {};
    const type = subTypes?.find(({ name }) => name === value[property!])?.value ?? wanted;
    const omitted = decoration.options?.keepDiscriminatorProperty ? undefined : property;
    if (!isDataClass(type)) return this.copies.of(value) as object;
    return this.instance(type, value, outside, path, remember, omitted);
  }
}

/** JSON has no sets. */
function asDeclared(collection: object, { outside, decoration }: Wish): object {
  const isSet = outside && decoration.reflectedType === Set && Array.isArray(collection);
  return isSet ? new Set(collection) : collection;
}

const NO_DATA: readonly unknown[] = [Object, Array, Map, Set, Date, String, Number, Boolean, Buffer, Promise];

function isDataClass(type: unknown): type is EventClass {
  return typeof type === 'function' && !NO_DATA.includes(type);
}
