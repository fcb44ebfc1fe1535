import { assertKnownOptions } from './known-options.js';

/** Gives the value that is worked with, or throws `InvalidOptionError`; `option` is its name, `where` it was given. */
export type Check<Given, Value = Given> = (given: Given, option: string, where: string) => Value;

/** One option: what it may be, and what it is where it is not given. */
export interface Option<Given, Value = Given> {
  // A method, so that options of all types have one type above them.
  check(given: Given, option: string, where: string): Value;
  readonly default?: Given;
  /** Whether it stays undefined where it is not given. */
  readonly isAbsent?: true;
}

export interface Needed {
  readonly isNeeded: true;
}

/** The options of one object by their names; the doc comment of each is its sentence. */
export type Declaration = Readonly<Record<string, Option<unknown, unknown>>>;

// Mapped types over the names of a declaration carry their doc comments along, for editors. Each group has an interface
// that extends its own, so that the published declarations name it instead of spelling it out without the comments.
type GivenOf<One> = One extends Option<infer Given, unknown> ? Given : never;
type NeededNames<D> = { [Name in keyof D]: D[Name] extends Needed ? Name : never }[keyof D];
type Must<D, Names extends keyof D> = { [Name in Names]: GivenOf<D[Name]> };

/** What an application may give. */
export type OptionsOf<D> = { [Name in keyof D]?: GivenOf<D[Name]> };

/** What an application may give where some have to be given. */
export type NeededOptionsOf<D> = Must<D, NeededNames<D>> & OptionsOf<Omit<D, NeededNames<D>>>;

/** What comes of it: checked, with every default filled in. */
export type ResolvedOf<D> = {
  -readonly [Name in keyof D]: D[Name] extends Option<unknown, infer Value> ? Value : never;
};

/** An option with a default. */
export const opt = <Given, Value>(
  check: Check<Given, Value>,
  byDefault: NoInfer<Given>,
): Option<Given, Value> => ({ check, default: byDefault });

/** An option that stays undefined where it is not given. */
export const maybe = <Given, Value>(check: Check<Given, Value>): Option<Given, Value | undefined> => ({
  check,
  isAbsent: true,
});

/** An option that has to be given. */
export const needed = <Given, Value>(check: Check<Given, Value>): Option<Given, Value> & Needed => ({
  check,
  isNeeded: true,
});

/** Options within an option; `Given` is their interface. */
export const group =
  <Given extends OptionsOf<D>, D extends Declaration>(declaration: D): Check<Given, ResolvedOf<D>> =>
  (given, option, where) =>
    resolved(declaration, given, { option, where });

export interface Place<D> {
  where: string;
  /** The option that these are the options of. */
  option?: string;
  /** Defaults that go before the declared ones. */
  defaults?: Partial<ResolvedOf<D>>;
  /** Options that may stand there too, which somebody else reads. */
  beside?: Declaration;
}

/** Throws `UnknownOptionError` or `InvalidOptionError`. */
export function resolved<D extends Declaration>(
  declaration: D,
  given: OptionsOf<D> | undefined,
  { where, option, defaults = {}, beside }: Place<D>,
): ResolvedOf<D> {
  const known = Object.keys({ ...declaration, ...beside });
  assertKnownOptions(given, known, option ? `${where}, ${option}` : where);
  const values = (given ?? {}) as Record<string, unknown>;
  const others = defaults as Record<string, unknown>;
  const entries = Object.entries(declaration).map(([name, one]) => {
    const value = values[name] === undefined ? (others[name] ?? one.default) : values[name];
    const isAbsent = value === undefined && one.isAbsent;
    return [name, isAbsent ? undefined : one.check(value, option ? `${option}.${name}` : name, where)];
  });
  return Object.fromEntries(entries) as ResolvedOf<D>;
}
