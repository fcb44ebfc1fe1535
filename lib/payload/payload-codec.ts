import { resolved } from '../core/options/declare.js';
import type { StoredPayload } from '../core/stored-payload.js';
import type { EntityLoader, EntityPort, EntityReference } from './entity-port.js';
import { findReferences, loadEntities, type MissingEntity, referenceKey } from './entity-references.js';
import { PayloadDecodingError, PayloadTooLargeError } from './errors.js';
import { PAYLOAD, type PayloadOptions } from './payload-options.js';
import { PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import { StepPipeline } from './step-pipeline.js';
import { TYPE_KEY } from './tags.js';
import { isTyped, messageOf } from '../core/thrown.js';
import { TypeRegistry } from './type-registry.js';

/** With steps, the text may be larger than what is stored of it, but not without end: it is made in memory. */
const MAX_SHRINKAGE = 16;

export interface PayloadCodecOptions extends PayloadOptions {
  entities: EntityPort;
}

/**
 * An event's `data` to what is stored of it and back: the transcoder, then the steps.
 *
 * `data` is anything JSON can hold plus dates, bigints, maps, sets, bytes, entities and registered types; how each
 * is treated is told at `PayloadWriter`.
 */
export class PayloadCodec {
  private readonly types: TypeRegistry;
  private readonly pipeline: StepPipeline;
  private readonly entities: EntityPort;
  private readonly maxBytes: number;
  private readonly maxTextLength: number;
  private readonly missingEntity: MissingEntity;

  /** Throws `InvalidOptionError`. */
  constructor({ entities, ...options }: PayloadCodecOptions) {
    const checked = resolved(PAYLOAD, options, { where: 'Payload' });
    const { types, steps, formerSteps, maxBytes, missingEntity } = checked;
    this.types = new TypeRegistry(types);
    this.pipeline = new StepPipeline(steps, formerSteps);
    this.entities = entities;
    this.maxBytes = maxBytes;
    this.maxTextLength = maxBytes * (steps.length > 0 ? MAX_SHRINKAGE : 1);
    this.missingEntity = missingEntity;
  }

  /**
   * Entities are stored as references, with `snapshots` by value. Throws `PayloadEncodingError` with the path to what
   * cannot be stored, `PayloadTooLargeError`, or the entity port's error for an entity without a primary key.
   */
  encode(data: unknown, { snapshots = false }: { snapshots?: boolean } = {}): StoredPayload {
    const stored = this.pipeline.dump(data === undefined ? undefined : this.writer(snapshots).write(data));
    const bytes = stored.bytes?.byteLength ?? Buffer.byteLength(stored.text ?? '', 'utf8');
    if (bytes > this.maxBytes) throw new PayloadTooLargeError(bytes, this.maxBytes);
    return stored;
  }

  /**
   * `load` is called once with all references of the payload, each once, or not at all when it has none. Rejects with
   * `PayloadDecodingError`, `MissingEntityError`, and what `load` throws.
   */
  async decode(
    stored: StoredPayload,
    load: EntityLoader,
    { missingEntity }: { missingEntity?: MissingEntity } = {},
  ): Promise<unknown> {
    return this.decoded(stored, load, missingEntity);
  }

  /** Whether a class instance is stored as what it is: a value of a registered or built-in type, or an entity. */
  isOwn(value: object): boolean {
    return this.types.for(value) !== undefined || this.entities.isEntity(value);
  }

  /** The data itself, or a promise of it only when entities have to be loaded; throws what `decode` rejects with. */
  decoded(stored: StoredPayload, load: EntityLoader, missingEntity = this.missingEntity): unknown {
    const text = this.pipeline.load(stored);
    if (text === undefined) return undefined;
    const json = guarded(() => parse(text));
    // Most payloads hold nothing but what JSON can.
    if (!text.includes(TYPE_KEY)) return json;
    const references = guarded(() => this.referencesIn(json));
    if (references.size === 0) return this.read(json, new Map());
    return loadEntities(references, load, missingEntity).then((entities) => this.read(json, entities));
  }

  /** What would be stored of the data, before the steps, as parsed JSON: to compare it with what is stored. */
  content(data: unknown): unknown {
    return data === undefined ? undefined : parse(this.writer(false).write(data));
  }

  /** The same of what is stored. Throws `PayloadDecodingError`, and `PayloadPrunedError` where it was removed. */
  storedContent(stored: StoredPayload): unknown {
    const text = this.pipeline.load(stored);
    return text === undefined ? undefined : guarded(() => parse(text));
  }

  private read(json: unknown, entities: ReadonlyMap<string, object | null>): unknown {
    return guarded(() => this.reader((reference) => entities.get(referenceKey(reference))).read(json));
  }

  private writer(snapshots: boolean): PayloadWriter {
    const { types, entities, maxTextLength: maxLength } = this;
    return new PayloadWriter({ types, entities, snapshots, maxLength });
  }

  private reader(resolve: (reference: unknown) => unknown): PayloadReader {
    return new PayloadReader({ types: this.types, entities: this.entities, resolve });
  }

  private referencesIn(json: unknown): ReadonlyMap<string, EntityReference> {
    const reader = this.reader(() => undefined);
    const found = [...findReferences(json)];
    return new Map(found.map(([key, reference]) => [key, reader.read(reference) as EntityReference]));
  }
}

function parse(text: string): unknown {
  return JSON.parse(text);
}

/** A payload that another hand wrote may be anything: whatever goes wrong with it is one typed error. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    throw new PayloadDecodingError(messageOf(thrown), { cause: thrown });
  }
}
