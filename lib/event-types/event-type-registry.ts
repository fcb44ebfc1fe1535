import { describe } from '../core/describe.js';
import { assertEventInput, outsidePrefix } from '../core/event-input.js';
import type { EventInput } from '../core/event.js';
import {
  type EmitOptions,
  type EventClass,
  eventTypeNameOf,
  type EventTypes,
  type PreparedEvent,
} from '../core/event-types.js';
import { nearestOf } from '../core/options/known-options.js';
import {
  assertPersonalParts,
  isErased,
  type PersonalClasses,
  type PersonalPart,
  personalPartsOf,
} from '../core/personal.js';
import { UuidV7 } from '../core/uuid-v7.js';
import { accept } from './acceptance.js';
import { type ClassValidator, decoratedProperties, loadClassValidator } from './class-validator.js';
import {
  DuplicateEventTypeError,
  EventNotFoundError,
  EventValidationError,
  InvalidEventTypeError,
  MissingPackageError,
} from './errors.js';
import { type EventDefinition, eventDefinition } from './event-definition.js';
import { checkedEventName } from './event-name.js';
import type { Whitelist } from './event-type-options.js';
import { cleaned } from './own-methods.js';
import { plainData } from './plain-data.js';
import { requestMetadata } from './request-metadata.js';
import { Shaping, type ShapingParts } from './shaping.js';
import { loadDecoratorStore, TransformDecorators } from './transform-decorators.js';

/** Names that are suggested for one that is not known. */
const SUGGESTIONS = 3;

export interface EventTypeRegistryOptions {
  nestedNames: boolean;
  whitelist: Whitelist;
  trustedProxies: number;
  /** The application's idea of the time, in epoch milliseconds: generated keys begin with it. */
  now: () => number;
  /** Whether a class instance is stored as what it is, such as an entity. */
  isOwn: (value: object) => boolean;
}

/** The packages that event classes need; loaded when the first is registered. */
interface Packages {
  validator: ClassValidator;
  shaping: ShapingParts;
}

/** What the classes say of what is personal, by the names of their events. */
class PersonalTypes implements PersonalClasses {
  private readonly parts = new Map<string, readonly PersonalPart[]>();

  get isEmpty(): boolean {
    return this.parts.size === 0;
  }

  of(group: string): readonly PersonalPart[] | undefined {
    return this.parts.get(group);
  }

  /** Throws `InvalidOptionError`. */
  add(group: string, type: EventClass): void {
    assertPersonalParts(type);
    const parts = personalPartsOf(type);
    if (parts.length > 0) this.parts.set(group, parts);
  }
}

/** The event classes of one `forRoot`. */
export class EventTypeRegistry implements EventTypes {
  private readonly byName = new Map<string, EventDefinition>();
  private readonly ids: UuidV7;
  private packages?: Packages;

  constructor(private readonly options: EventTypeRegistryOptions) {
    this.ids = new UuidV7(options.now);
  }

  get types(): readonly { type: EventClass; name: string }[] {
    return [...this.byName.values()];
  }

  /**
   * Adds classes, each once however often it is given. Throws `InvalidEventTypeError`, `InvalidEventNameError`,
   * `DuplicateEventTypeError`, `UnknownOptionError`, `InvalidOptionError`, `MissingPackageError` or `SplitPackageError`.
   */
  async register(types: readonly EventClass[]): Promise<void> {
    for (const type of types) {
      const name = checkedEventName(nameOf(type), this.options.nestedNames);
      const known = this.byName.get(name);
      if (known?.type === type) continue;
      if (known) throw new DuplicateEventTypeError(name, [known.type.name, type.name]);
      const { validator } = (this.packages ??= await this.load(type));
      const decorated = decoratedProperties(validator, type);
      this.byName.set(name, eventDefinition(type, name, { ...this.options, decorated }));
      this.personal.add(name, type);
    }
  }

  isRegistered(type: EventClass): boolean {
    return this.byName.get(eventTypeNameOf(type) ?? '')?.type === type;
  }

  /** What is personal in the data of its classes. */
  readonly personal = new PersonalTypes();

  has(group: string): boolean {
    return this.byName.has(group);
  }

  async prepare(type: string | EventClass, data: unknown, options: EmitOptions = {}): Promise<PreparedEvent> {
    const definition = this.definitionOf(type);
    const { whitelist } = definition;
    const given = await this.accepted(definition, data, true, whitelist);
    const clean = await cleaned(definition.type, given);
    // What is stored is what the class accepts: it is asked again when that is read.
    const instance = clean ? await this.accepted(definition, clean, false, whitelist) : given;
    const input = this.input(definition, instance, options);
    assertEventInput(input, { origin: options.origin });
    return { input, instance, ...(options.origin ? { origin: options.origin } : {}) };
  }

  restore(group: string, data: unknown): unknown {
    const definition = this.byName.get(group);
    // Nothing is left that the class could be asked about.
    if (!definition || isErased(data)) return data;
    // What the class declares no longer is dropped, never refused: it was declared when that was recorded.
    return this.accepted(definition, data, false, definition.whitelist !== false);
  }

  private async load({ name }: EventClass): Promise<Packages> {
    const validator = await loadClassValidator();
    if (!validator) throw new MissingPackageError('class-validator', name);
    const store = await loadDecoratorStore();
    if (!store) throw new MissingPackageError('class-transformer', name);
    const decorators = new TransformDecorators(store);
    return { validator, shaping: { decorators, isOwn: this.options.isOwn } };
  }

  private definitionOf(type: string | EventClass): EventDefinition {
    const name = typeof type === 'function' ? nameOf(type) : type;
    const checked = checkedEventName(name, this.options.nestedNames);
    const definition = this.byName.get(checked);
    if (definition && (typeof type === 'string' || definition.type === type)) return definition;
    throw new EventNotFoundError(checked, nearestOf(checked, [...this.byName.keys()]).slice(0, SUGGESTIONS));
  }

  /** An instance of its own with that data, if the class accepts it. */
  private async accepted(
    definition: EventDefinition,
    data: unknown = {},
    outside: boolean,
    whitelist: Whitelist,
  ): Promise<object> {
    const { validator, shaping: parts } = this.packages!;
    if (typeof data !== 'object' || data === null || Array.isArray(data)) {
      const isObject = `expected an object, got ${describe(data)}`;
      throw new EventValidationError(definition.name, [{ property: '', constraints: { isObject } }]);
    }
    const shaping = new Shaping(parts);
    const instance = shaping.build(definition.type, data, outside);
    await accept(validator, definition, instance, whitelist, shaping.problems);
    return instance;
  }

  private input(definition: EventDefinition, instance: object, options: EmitOptions): EventInput {
    const { name: group } = definition;
    const { occurredAt, availableAt, origin, tags } = options;
    const key = options.key ?? (definition.key ? definition.key(instance) : this.ids.next());
    const orderKey = options.orderKey ?? definition.orderKey?.(instance);
    const metadata = this.metadata(options);
    return {
      group,
      key: (origin && typeof key === 'string' ? outsidePrefix(origin) + key : key) as string,
      data: plainData(instance, this.packages!.shaping),
      ...(occurredAt === undefined ? {} : { occurredAt }),
      ...(availableAt === undefined ? {} : { availableAt }),
      ...(orderKey === undefined ? {} : { orderKey: orderKey as string }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(tags === undefined ? {} : { tags }),
    };
  }

  private metadata({ request, metadata }: EmitOptions): EventInput['metadata'] {
    if (request === undefined || (metadata !== undefined && typeof metadata !== 'object')) return metadata;
    return { ...requestMetadata(request, this.options.trustedProxies), ...metadata };
  }
}

/** Throws `InvalidEventTypeError` for a class without a name. */
function nameOf(type: EventClass): string {
  const name = eventTypeNameOf(type);
  if (name !== undefined) return name;
  const what = typeof type === 'function' ? type.name : describe(type);
  throw new InvalidEventTypeError(what, "it has no name. Decorate it with @EventType('app.ClassName').");
}
