import { ifInstalled } from '../core/optional-package.js';
import { SplitPackageError } from './errors.js';

/** What `@Type` says of a property. */
export interface TypeDecoration {
  typeFunction?: (help: { newObject: object; object: object; property: string }) => unknown;
  /** The type that the property is declared with, such as `Array`, `Map`, or a class. */
  reflectedType?: unknown;
  options?: {
    keepDiscriminatorProperty?: boolean;
    discriminator?: { property: string; subTypes: { name: string; value: Function }[] };
  };
}

interface Audience {
  toClassOnly?: boolean;
  toPlainOnly?: boolean;
  groups?: readonly string[];
}

interface TransformDecoration {
  transformFn: (parameters: {
    value: unknown;
    key: string;
    obj: object;
    type: number;
    options: object;
  }) => unknown;
  options?: Audience;
}

interface ExposeDecoration {
  propertyName: string;
  options?: Audience & { name?: string };
}

/** What is needed of class-transformer's store of decorators. */
export interface DecoratorStore {
  findTypeMetadata(target: Function, property: string): TypeDecoration | undefined;
  findTransformMetadatas(target: Function, property: string, kind: number): TransformDecoration[];
  getExposedMetadatas(target: Function): ExposeDecoration[];
  getExcludedProperties(target: Function, kind: number): string[];
  getStrategy(target: Function): 'none' | 'exposeAll' | 'excludeAll';
}

/** class-transformer's number for making instances of plain objects. */
const PLAIN_TO_CLASS = 0;

interface Loaded {
  Type: (type: () => Function) => PropertyDecorator;
  store: DecoratorStore;
}

/** Undefined where class-transformer is not installed. Throws `SplitPackageError` where it is there in two copies. */
export async function loadDecoratorStore(): Promise<DecoratorStore | undefined> {
  const loaded = await ifInstalled('class-transformer', load);
  if (loaded && !holdsItsDecorations(loaded)) throw new SplitPackageError('class-transformer');
  return loaded?.store;
}

/** By names that a bundler can read, so that it takes the application's copy. */
async function load(): Promise<Loaded> {
  const { Type } = await import('class-transformer');
  // @ts-expect-error The store is not part of its surface, but what other packages read it from too.
  const { defaultMetadataStorage } = (await import('class-transformer/cjs/storage.js')) as {
    defaultMetadataStorage: DecoratorStore;
  };
  return { Type, store: defaultMetadataStorage };
}

function holdsItsDecorations({ Type, store }: Loaded): boolean {
  class Probe {}
  Type(() => Number)(Probe.prototype, 'property');
  return store.findTypeMetadata(Probe, 'property') !== undefined;
}

/** How the properties of one class are called outside. */
export interface OutsideNames {
  /** The property of that name; undefined when nothing from outside may set it. */
  propertyOf(name: string): string | undefined;
  /** Names that are looked for whether the data has them or not. */
  readonly exposed: readonly string[];
}

/** The decorators of class-transformer on the application's classes. */
export class TransformDecorators {
  private readonly names = new WeakMap<Function, OutsideNames>();

  constructor(private readonly store: DecoratorStore) {}

  typeOf(type: Function, property: string): TypeDecoration | undefined {
    return this.store.findTypeMetadata(type, property);
  }

  /** What the `@Transform`s of the property make of a value from outside. */
  transformed(type: Function, key: string, obj: object, value: unknown): unknown {
    const decorations = this.store.findTransformMetadatas(type, key, PLAIN_TO_CLASS);
    return decorations
      .filter(({ options }) => !options?.groups?.length)
      .reduce((current, { transformFn }) => {
        return transformFn({ value: current, key, obj, type: PLAIN_TO_CLASS, options: {} });
      }, value);
  }

  /** As `@Expose` and `@Exclude` say. */
  outsideNames(type: Function): OutsideNames {
    let names = this.names.get(type);
    if (!names) this.names.set(type, (names = outsideNames(type, this.store)));
    return names;
  }
}

function outsideNames(type: Function, store: DecoratorStore): OutsideNames {
  const decorations = store.getExposedMetadatas(type).filter(({ options }) => !options?.toPlainOnly);
  const open = decorations.filter(({ options }) => !options?.groups?.length);
  const exposed = new Map(
    open.map(({ propertyName, options }) => [options?.name ?? propertyName, propertyName]),
  );
  // What is exposed by another name, or for certain groups, is not known by its own.
  const hidden = new Set(decorations.map(({ propertyName }) => propertyName));
  for (const property of store.getExcludedProperties(type, PLAIN_TO_CLASS)) hidden.add(property);
  const closed = store.getStrategy(type) === 'excludeAll';
  return {
    propertyOf: (name) => exposed.get(name) ?? (closed || hidden.has(name) ? undefined : name),
    exposed: [...exposed.keys()],
  };
}
