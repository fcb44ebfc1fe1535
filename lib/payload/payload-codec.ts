import type { QueryRunner } from 'typeorm';
import { resolved, type ResolvedOf } from '../core/options/declare.js';
import { ERASED } from '../core/personal.js';
import type { StoredPayload } from '../core/stored-payload.js';
import { isTyped } from '../core/thrown.js';
import type { EntityLoader, EntityPort, EntityReference } from './entity-port.js';
import { findReferences, loadEntities, type MissingEntity, referenceKey } from './entity-references.js';
import { PayloadTooLargeError, UnknownKeyError } from './errors.js';
import { naming, unreadable } from './naming-errors.js';
import { PAYLOAD, type PayloadOptions } from './payload-options.js';
import { NOBODY, type PayloadOwner } from './payload-owner.js';
import { PayloadReader } from './payload-reader.js';
import { PayloadWriter } from './payload-writer.js';
import { type ErasedPart, PERSONAL_MARK, revealed, type Seen, subjectsIn } from './personal-values.js';
import type { ResolvedPipeline } from './pipeline-options.js';
import type { Pipeline } from './pipeline.js';
import { Pipelines } from './pipelines.js';
import { type KnownKey, NO_SUBJECT_KEYS, type SubjectKeys } from './subject-keys.js';
import { TYPE_KEY } from './tags.js';
import { TypeRegistry } from './type-registry.js';

/** With steps, the text may be larger than what is stored of it, but not without end: it is made in memory. */
const MAX_SHRINKAGE = 16;
const WHERE = 'Payload';

/** What was checked before stays as it is. */
export type PayloadCodecOptions = CodecParts & (PayloadOptions | ResolvedOf<typeof PAYLOAD>);

interface CodecParts {
  entities: EntityPort;
  /** Default: there are none. */
  subjects?: SubjectKeys;
  /** What reads give for what has been forgotten. Default: an `Erased`. */
  erased?: (part: ErasedPart, owner: PayloadOwner) => unknown;
}

export interface EncodeOptions {
  /** Entities are stored by value. Default false. */
  snapshots?: boolean;
  /** Whose data it is. */
  owner?: PayloadOwner;
  /** Default: that of the owner's group. */
  pipeline?: Pipeline | undefined;
}

export interface DecodeOptions {
  missingEntity?: MissingEntity | undefined;
  owner?: PayloadOwner;
  seen?: Seen | undefined;
  /** In whose transaction keys are asked for. Default: in none. */
  runner?: QueryRunner | undefined;
}

/**
 * An event's `data` to what is stored of it and back: the transcoder, then the pipeline.
 *
 * `data` is anything JSON can hold plus dates, bigints, maps, sets, bytes, entities and registered types; how each
 * is treated is told at `PayloadWriter`.
 */
export class PayloadCodec {
  private readonly types: TypeRegistry;
  private readonly pipelines: Pipelines;
  private readonly entities: EntityPort;
  private readonly subjects: SubjectKeys;
  private readonly maxBytes: number;
  private readonly missingEntity: MissingEntity;
  private readonly erased: NonNullable<CodecParts['erased']>;

  /** Throws `InvalidOptionError`. */
  constructor({ entities, subjects, erased, ...options }: PayloadCodecOptions) {
    const checked = resolved(PAYLOAD, options as PayloadOptions, { where: WHERE });
    this.types = new TypeRegistry(checked.types);
    this.pipelines = new Pipelines(checked, WHERE);
    this.entities = entities;
    this.subjects = subjects ?? NO_SUBJECT_KEYS;
    this.erased = erased ?? (() => ERASED);
    this.maxBytes = checked.maxBytes;
    this.missingEntity = checked.missingEntity;
  }

  /** The pipeline of these options, whose payloads can be read from now on. Throws `InvalidOptionError`. */
  pipeline(options: ResolvedPipeline, where: string): Pipeline {
    return this.pipelines.add(options, 'payload.', where);
  }

  /** The pipeline of what is made of events of these groups. */
  pipelineOfAll(groups: readonly string[]): Pipeline {
    return this.pipelines.ofAll(groups);
  }

  /**
   * Entities are stored as references, with `snapshots` by value. Throws `PayloadEncodingError` with the path to what
   * cannot be stored, `PayloadTooLargeError`, or the entity port's error for an entity without a primary key.
   */
  encode(data: unknown, { snapshots = false, owner = NOBODY, pipeline }: EncodeOptions = {}): StoredPayload {
    const passed = pipeline ?? this.pipelines.of(owner.group);
    const text = data === undefined ? undefined : this.writer(snapshots, passed).write(data);
    const stored = passed.dump(text, owner);
    const bytes = stored.bytes?.byteLength ?? Buffer.byteLength(stored.text ?? '', 'utf8');
    if (bytes > this.maxBytes) throw new PayloadTooLargeError(bytes, this.maxBytes);
    return stored;
  }

  /**
   * `load` is called once with all references of the payload, each once, or not at all when it has none. Rejects with
   * `PayloadDecodingError`, `UnknownKeyError`, `MissingEntityError`, and what `load` throws.
   */
  async decode(stored: StoredPayload, load: EntityLoader, options?: DecodeOptions): Promise<unknown> {
    return this.decoded(stored, load, options);
  }

  /** Whether a class instance is stored as what it is: a value of a registered or built-in type, or an entity. */
  isOwn(value: object): boolean {
    return this.types.for(value) !== undefined || this.entities.isEntity(value);
  }

  /**
   * The data itself, or a promise of it only when entities have to be loaded or keys of subjects to be asked for; throws
   * what `decode` rejects with.
   */
  decoded(
    stored: StoredPayload,
    load: EntityLoader,
    { missingEntity, owner = NOBODY, seen, runner }: DecodeOptions = {},
  ): unknown {
    return naming(owner, () => {
      const text = this.pipelines.load(stored, owner);
      if (text === undefined) return undefined;
      const isSecret = this.pipelines.isEncrypted(stored);
      const json = parsed(text, isSecret);
      // Most payloads hold nothing but what JSON can.
      if (!text.includes(TYPE_KEY)) return json;
      const read = (plain: unknown, secret: boolean) =>
        this.loaded(plain, load, { owner, secret, missing: missingEntity ?? this.missingEntity });
      if (!text.includes(PERSONAL_MARK)) return read(json, isSecret);
      const plain = this.revealed(json, owner, { seen, runner });
      return plain instanceof Promise ? plain.then((one) => read(one, true)) : read(plain, true);
    });
  }

  /** What would be stored of the data, before the pipeline, as parsed JSON: to compare it with what is stored. */
  content(data: unknown): unknown {
    return data === undefined ? undefined : JSON.parse(this.writer(false).write(data));
  }

  /** What is stored, behind the pipeline, as parsed JSON, with the tag `erased` for what has been forgotten. Rejects as `decode` does, and with `PayloadPrunedError` where it was removed. */
  async storedContent(
    stored: StoredPayload,
    owner: PayloadOwner = NOBODY,
    runner?: QueryRunner,
  ): Promise<unknown> {
    return naming(owner, () => {
      const text = this.pipelines.load(stored, owner);
      if (text === undefined) return undefined;
      const json = parsed(text, this.pipelines.isEncrypted(stored));
      return text.includes(PERSONAL_MARK) ? this.revealed(json, owner, { runner }) : json;
    });
  }

  /** The JSON with what is personal in it, or a promise of that where keys have to be asked for. */
  private revealed(
    json: unknown,
    owner: PayloadOwner,
    { seen, runner }: Pick<DecodeOptions, 'seen' | 'runner'>,
  ): unknown {
    const subjects = guarded(() => subjectsIn(json), true);
    const reveal = (keys: ReadonlyMap<string, KnownKey>) =>
      guarded(() => revealed(json, keys, owner, seen), true);
    const ask = () => this.subjects.find(subjects, runner).then(reveal);
    const known = this.subjects.known(subjects);
    if (!known) return ask();
    try {
      return reveal(known);
    } catch (error) {
      // A key that was made in a transaction, and rolled back with it, may have been noted.
      if (error instanceof UnknownKeyError) return ask();
      throw error;
    }
  }

  private loaded(
    json: unknown,
    load: EntityLoader,
    { owner, secret, missing }: { owner: PayloadOwner; secret: boolean; missing: MissingEntity },
  ): unknown {
    const read = (entities: ReadonlyMap<string, object | null>) =>
      guarded(
        () => this.reader((reference) => entities.get(referenceKey(reference)), owner, secret).read(json),
        secret,
      );
    const references = guarded(() => this.referencesIn(json), secret);
    if (references.size === 0) return read(new Map());
    return loadEntities(references, load, missing, secret).then(read);
  }

  private writer(snapshots: boolean, pipeline?: Pipeline): PayloadWriter {
    const { types, entities, maxBytes } = this;
    const maxLength = pipeline?.isEmpty ? maxBytes : maxBytes * MAX_SHRINKAGE;
    return new PayloadWriter({ types, entities, snapshots, maxLength, secret: pipeline?.encrypts ?? false });
  }

  private reader(
    resolve: (reference: unknown) => unknown,
    owner: PayloadOwner,
    secret: boolean,
  ): PayloadReader {
    const erased = (part: unknown) => (part === null ? ERASED : this.erased(part as ErasedPart, owner));
    return new PayloadReader({ types: this.types, entities: this.entities, resolve, erased, secret });
  }

  private referencesIn(json: unknown): ReadonlyMap<string, EntityReference> {
    const reader = this.reader(() => undefined, NOBODY, true);
    const found = [...findReferences(json)];
    return new Map(found.map(([key, reference]) => [key, reader.read(reference) as EntityReference]));
  }
}

function parsed(text: string, isSecret: boolean): unknown {
  return guarded(() => JSON.parse(text) as unknown, isSecret);
}

/** A payload that another hand wrote may be anything: whatever goes wrong with it is one typed error. */
function guarded<T>(read: () => T, isSecret: boolean): T {
  try {
    return read();
  } catch (thrown) {
    if (isTyped(thrown)) throw thrown;
    throw unreadable(thrown, isSecret);
  }
}
