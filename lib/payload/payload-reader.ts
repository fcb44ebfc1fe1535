import type { EntityPort, EntitySnapshot } from './entity-port.js';
import { PayloadDecodingError } from './errors.js';
import { TAG, isTagged, type TaggedJson } from './tags.js';
import { isTyped, messageOf } from '../core/thrown.js';
import type { TypeRegistry } from './type-registry.js';

export interface ReaderOptions {
  types: TypeRegistry;
  entities: EntityPort;
  /** What to hand out for an entity reference, given its stored form. */
  resolve: (reference: unknown) => unknown;
  /** What to hand out for what has been forgotten, given what is known of it; null of what was no event's. */
  erased: (part: unknown) => unknown;
  /** Errors say nothing that other errors said. */
  secret: boolean;
}

/** Reads values back from parsed JSON. No prototype is ever set: keys become own properties, whatever their name. */
export class PayloadReader {
  constructor(private readonly options: ReaderOptions) {}

  /** Throws `PayloadDecodingError` for unknown types, and what `resolve` throws. */
  read(json: unknown): unknown {
    if (typeof json !== 'object' || json === null) return json;
    if (Array.isArray(json)) return json.map((element) => this.read(element));
    return isTagged(json) ? this.tagged(json) : this.members(json);
  }

  private tagged({ $type: tag, value }: TaggedJson): unknown {
    switch (tag) {
      case TAG.object:
        return this.members(value);
      case TAG.nullObject:
        return Object.assign(Object.create(null) as object, this.members(value));
      case TAG.entity:
        return this.options.resolve(value);
      case TAG.snapshot:
        return this.snapshot(value);
      case TAG.erased:
        return this.options.erased(value);
      default:
        return this.extension(tag, value);
    }
  }

  private members(json: unknown): Record<string, unknown> {
    // `fromEntries` defines properties, an assignment to `__proto__` would set the prototype.
    return Object.fromEntries(Object.entries(json as object).map(([key, value]) => [key, this.read(value)]));
  }

  private extension(name: string, value: unknown): unknown {
    const type = this.options.types.named(name);
    if (!type) {
      throw new PayloadDecodingError(
        `its type "${name}" is not known here; register it again in the payload types`,
      );
    }
    return this.attempt(`type "${name}"`, this.read(value), (json) => type.decode(json));
  }

  private snapshot(json: unknown): object {
    const snapshot = this.members(json) as unknown as EntitySnapshot;
    return this.attempt(`snapshot of ${snapshot.entity}`, snapshot, (values) =>
      this.options.entities.restore(values),
    );
  }

  private attempt<T, R>(what: string, json: T, decode: (json: T) => R): R {
    try {
      return decode(json);
    } catch (thrown) {
      if (isTyped(thrown)) throw thrown;
      const problem = `its ${what} could not be decoded`;
      if (this.options.secret) throw new PayloadDecodingError(problem);
      throw new PayloadDecodingError(`${problem}: ${messageOf(thrown)}`, { cause: thrown });
    }
  }
}
