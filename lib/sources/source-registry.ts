import type { DataSource, EntityMetadata } from 'typeorm';
import { InvalidOptionError } from '../core/errors.js';
import { classesInTable, classesOf, entityName } from './entity-classes.js';
import { DuplicateSourceError, UnknownEntityError } from './errors.js';
import type { SourceMetadata } from './model-event-source.decorator.js';
import type { RegisteredSource } from './registered-source.js';
import type { SourceContext } from './source-context.js';
import { sourceRelations } from './source-relations.js';
import { assertSourceOptions } from './source-options.js';

const NONE: readonly RegisteredSource[] = [];

/** The model event sources of one DataSource, which must be initialized. */
export class SourceRegistry {
  private readonly sources: RegisteredSource[] = [];
  private readonly added: (() => void)[] = [];
  private readonly owners = new Map<string, { instance: object; place: string }>();
  private readonly byClass = new Map<EntityMetadata, RegisteredSource[]>();
  private readonly byTable = new Map<EntityMetadata, RegisteredSource[]>();

  constructor(readonly dataSource: DataSource) {}

  /**
   * Adds what one `@ModelEventSource` noted on a method of `instance`. Throws `UnknownOptionError`,
   * `InvalidOptionError`, `UnknownEntityError` or `DuplicateSourceError`.
   */
  add(instance: object, methodName: string, metadata: SourceMetadata): void {
    this.addNow(instance, methodName, metadata);
    this.added.push(() => this.addNow(instance, methodName, metadata));
  }

  /** Adds them all anew: a DataSource that is initialised again has other objects for the same entities. */
  renew(): void {
    this.sources.length = 0;
    for (const map of [this.owners, this.byClass, this.byTable]) map.clear();
    for (const add of this.added) add();
  }

  private addNow(instance: object, methodName: string, { entity, options }: SourceMetadata): void {
    const place = `${instance.constructor.name}.${methodName}`;
    const where = `@ModelEventSource of ${place}`;
    assertSourceOptions(options, where);
    const classes = this.classes(entity, where);
    assertColumns(options.columns, classes, where);
    const relations = sourceRelations(options, classes, where);
    const { rescan } = options;
    const name = options.name ?? place;
    this.claim(name, instance, place, classes);
    const method = (instance as Record<string, (entity: object, context: SourceContext) => unknown>)[
      methodName
    ]!;
    this.register({
      name,
      place,
      on: new Set(options.on ?? ['insert', 'update']),
      columns: options.columns && new Set(options.columns),
      tagged: options.tagged ?? true,
      ...(relations ? { relations } : {}),
      rescan: rescan === false ? undefined : { ...(relations ? { relations } : {}), ...rescan },
      hasOwnRescan: typeof rescan === 'object',
      classes,
      waits: !isGenerator(method) || relations !== undefined,
      run: (row, context) => method.call(instance, row, context),
    });
  }

  all(): readonly RegisteredSource[] {
    return this.sources;
  }

  /** Whether any of them declares relations. */
  get loadRelations(): boolean {
    return this.sources.some(({ relations }) => relations !== undefined);
  }

  /** Those that run for a row of exactly this class. */
  of(metadata: EntityMetadata): readonly RegisteredSource[] {
    return this.byClass.get(metadata) ?? NONE;
  }

  /** Those that run for a row of this class or of a `@ChildEntity` of it. */
  touchedBy(metadata: EntityMetadata): readonly RegisteredSource[] {
    return this.byTable.get(metadata) ?? NONE;
  }

  private classes(entity: SourceMetadata['entity'], where: string): EntityMetadata[] {
    const classes = classesOf(this.dataSource, entity);
    const known = this.dataSource.entityMetadatas
      .filter(({ isJunction }) => !isJunction)
      .map(({ name }) => name);
    if (classes.length === 0) throw new UnknownEntityError(entityName(entity), where, known);
    const keyless = classes.find(({ primaryColumns }) => primaryColumns.length === 0);
    if (!keyless) return classes;
    throw new InvalidOptionError(
      'the entity',
      'one with a primary key',
      `${keyless.name}, which has none`,
      where,
    );
  }

  /** Decorators stacked on one method share its name; anything else of that name is a mistake. */
  private claim(name: string, instance: object, place: string, classes: EntityMetadata[]): void {
    const owner = this.owners.get(name);
    const twice = this.sources.some(
      (source) => source.name === name && source.classes.some((one) => classes.includes(one)),
    );
    if (owner && (twice || owner.instance !== instance || owner.place !== place)) {
      throw new DuplicateSourceError(name, owner.place, place);
    }
    this.owners.set(name, { instance, place });
  }

  private register(source: RegisteredSource): void {
    this.sources.push(source);
    for (const metadata of this.dataSource.entityMetadatas) {
      if (source.classes.includes(metadata)) push(this.byClass, metadata, source);
      if (classesInTable(metadata).some((one) => source.classes.includes(one)))
        push(this.byTable, metadata, source);
    }
  }
}

/** Async ones have another tag. */
function isGenerator(method: unknown): boolean {
  return Object.prototype.toString.call(method) === '[object GeneratorFunction]';
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

function assertColumns(
  columns: readonly string[] | undefined,
  classes: EntityMetadata[],
  where: string,
): void {
  const known = classes.flatMap(({ propertiesMap }) => Object.keys(propertiesMap));
  const unknown = columns?.find((column) => !known.includes(column));
  if (unknown === undefined) return;
  const names = [...new Set(known)].join(', ');
  throw new InvalidOptionError('columns', `properties of the entity (${names})`, `"${unknown}"`, where);
}
