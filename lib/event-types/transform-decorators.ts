import { ifInstalled } from '../core/optional-package.js';

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
/** The store is not part of its surface, but what other packages read it from too. */
const STORE = 'class-transformer/cjs/storage.js';

export async function loadDecoratorStore(): Promise<DecoratorStore | undefined> {
  const loaded = await ifInstalled(
    'class-transformer',
    () => import(STORE) as Promise<{ defaultMetadataStorage: DecoratorStore }>,
  );
  return loaded?.defaultMetadataStorage;
}

/** How the properties of one class are called outside. */
export interface OutsideNames {
  /** The property of that name; undefined when nothing from outside may set it. */
  propertyOf(name: string): string | undefined;
  /** Names that are looked for whether the data has them or not. */
  readonly exposed: readonly string[];
}

/** The decorators of class-transformer on the application's classes; none where it is not installed. */
export class TransformDecorators {
  private readonly names = new WeakMap<Function, OutsideNames>();

  constructor(private readonly store: DecoratorStore | undefined) {}

  typeOf(type: Function, property: string): TypeDecoration | undefined {
    return this.store?.findTypeMetadata(type, property);
  }

  /** What the `@Transform`s of the property make of a value from outside. */
  transformed(type: Function, key: string, obj: object, value: unknown): unknown {
    const decorations = this.store?.findTransformMetadatas(type, key, PLAIN_TO_CLASS) ?? [];
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

function outsideNames(type: Function, store: DecoratorStore | undefined): OutsideNames {
  if (!store) return { propertyOf: (name) => name, exposed: [] };
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
