import type { EntityPort, EntityReference } from './entity-port.js';
import { PayloadDecodingError } from './errors.js';
import { TAG, isTagged, type TaggedJson } from './tags.js';
import { isTyped, messageOf } from '../core/thrown.js';
import type { TypeRegistry } from './type-registry.js';

export interface ReaderOptions {
  types: TypeRegistry;
  entities: EntityPort;
  /** What to hand out for an entity reference, given its stored form. */
  resolve: (reference: unknown) => unknown;
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
    return attempt(`type "${name}"`, this.read(value), (json) => type.decode(json));
  }

  private snapshot(json: unknown): object {
    const { entity, columns } = this.members(json) as { entity: string; columns: EntityReference['id'] };
    return attempt(`snapshot of ${entity}`, columns, (values) =>
      this.options.entities.restore(entity, values),
    );
  }
}

function attempt<T, R>(what: string, json: T, decode: (json: T) => R): R {
  try {
    return decode(json);
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    throw new PayloadDecodingError(`its ${what} could not be decoded: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}
