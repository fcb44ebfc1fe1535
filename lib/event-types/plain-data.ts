import { isPlainObject } from '../payload/value-shape.js';
import type { ShapingParts } from './shaping.js';
import type { TransformDecorators, TypeDecoration } from './transform-decorators.js';

/**
 * The data of an instance as the payload codec takes it: its own properties, and those of the instances that `@Type` led
 * to, as plain objects. Of which class they were, the event's class knows when it is restored.
 */
export function plainData(instance: object, { decorators, isOwn }: ShapingParts): Record<string, unknown> {
  return new Flattening(decorators, isOwn).plain(instance);
}

class Flattening {
  private readonly made = new Map<object, Record<string, unknown>>();

  constructor(
    private readonly decorators: TransformDecorators,
    private readonly isOwn: ShapingParts['isOwn'],
  ) {}

  plain(instance: object): Record<string, unknown> {
    const known = this.made.get(instance);
    if (known) return known;
    const plain: Record<string, unknown> = {};
    this.made.set(instance, plain);
    for (const [property, value] of Object.entries(instance)) {
      const decoration = this.decorators.typeOf(instance.constructor, property);
      plain[property] = decoration ? this.flat(value, decoration) : value;
    }
    return plain;
  }

  private flat(value: unknown, decoration: TypeDecoration): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const each = (item: unknown) => this.flat(item, decoration);
    if (Array.isArray(value)) return value.map(each);
    if (value instanceof Set) return new Set([...value].map(each));
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, each(item)]));
    if (isPlainObject(value) || this.isOwn(value)) return value;
    return Object.assign(this.plain(value), discriminated(value, decoration));
  }
}

/** What tells the class again. */
function discriminated(value: object, { options }: TypeDecoration): Record<string, unknown> {
  const { property, subTypes } = options?.discriminator ?? {};
  const subType = subTypes?.find((candidate) => candidate.value === value.constructor);
  return property !== undefined && subType ? { [property]: subType.name } : {};
}
