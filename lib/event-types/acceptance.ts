import { type ClassValidator, decoratorProblems, decoratorProblemsSync } from './class-validator.js';
import { EventValidationError, type PropertyProblem, REQUIRED } from './errors.js';
import { erasedPaths } from './erased-paths.js';
import type { EventDefinition } from './event-definition.js';
import type { Whitelist } from './event-type-options.js';
import { ownProblems, ownProblemsSync } from './own-methods.js';

/**
 * Rejects with `EventValidationError` unless the class accepts its instance: first what its decorators say, then its own
 * `validate()`, which can rely on that. `problems` is what was found before. Drops what a whitelist does not let through.
 */
export async function accept(
  validator: ClassValidator,
  definition: EventDefinition,
  instance: object,
  whitelist: Whitelist,
  problems: readonly PropertyProblem[] = [],
): Promise<void> {
  const found = [
    ...problems,
    ...undeclared(definition, instance, whitelist),
    ...missing(definition, instance),
    ...(await decorated(validator, definition, instance, whitelist)),
  ];
  assertNone(definition.name, ofWhatIsThere(instance, found));
  assertNone(definition.name, await ownOf(definition, instance));
}

/** What the class's own method has against it; nothing where it may be what was forgotten that it stumbled over. */
async function ownOf({ type }: EventDefinition, instance: object): Promise<PropertyProblem[]> {
  try {
    const problems = await ownProblems(type, instance);
    return problems.length > 0 && erasedPaths(instance).length > 0 ? [] : problems;
  } catch (error) {
    if (erasedPaths(instance).length > 0) return [];
    throw error;
  }
}

/** The problems without those of what was forgotten. */
function ofWhatIsThere(instance: object, problems: PropertyProblem[]): PropertyProblem[] {
  if (problems.length === 0) return problems;
  const erased = erasedPaths(instance);
  const isErased = (path: string) => erased.some((one) => path === one || path.startsWith(`${one}.`));
  return problems.filter(({ property }) => !isErased(property));
}

/** Throws where the class does not accept the instance, as far as that is known without waiting. */
export function acceptSync(validator: ClassValidator, definition: EventDefinition, instance: object): void {
  const { whitelist, isDecorated } = definition;
  const unknown = undeclared(definition, instance, whitelist);
  const before = { ...instance };
  const found = [
    ...unknown,
    ...missing(definition, instance),
    ...(isDecorated
      ? declared(
          definition,
          instance,
          before,
          whitelist,
          decoratorProblemsSync(validator, instance, whitelist),
        )
      : []),
  ];
  assertNone(definition.name, ofWhatIsThere(instance, found));
  assertNone(definition.name, ownProblemsSync(definition.type, instance));
}

function assertNone(name: string, problems: readonly PropertyProblem[]): void {
  if (problems.length > 0) throw new EventValidationError(name, merged(problems));
}

function missing({ required }: EventDefinition, instance: object): PropertyProblem[] {
  return required
    .filter((key) => (instance as Record<string, unknown>)[key] === undefined)
    .map((property) => ({ property, constraints: { [REQUIRED]: `${property} is missing` } }));
}

/** What the class does not declare is refused or dropped. */
function undeclared({ known }: EventDefinition, instance: object, whitelist: Whitelist): PropertyProblem[] {
  if (whitelist === false) return [];
  const unknown = Object.keys(instance).filter((property) => !known.has(property));
  for (const property of unknown) delete (instance as Record<string, unknown>)[property];
  if (whitelist === true) return [];
  return unknown.map((property) => ({
    property,
    constraints: { whitelistValidation: `property ${property} should not exist` },
  }));
}

/** Without decorators, class-validator would refuse the instance as unknown to it. */
async function decorated(
  validator: ClassValidator,
  definition: EventDefinition,
  instance: object,
  whitelist: Whitelist,
): Promise<PropertyProblem[]> {
  if (!definition.isDecorated) return [];
  const before = { ...instance };
  const problems = await decoratorProblems(validator, instance, whitelist).catch((error: unknown) => {
    // A rule of the application's own that stumbled over what was forgotten.
    if (erasedPaths(instance).length > 0) return [];
    throw error;
  });
  return declared(definition, instance, before, whitelist, problems);
}

/** The problems that are some, where a property is declared without a decorator; puts back what was dropped of these. */
function declared(
  { known }: EventDefinition,
  instance: object,
  before: object,
  whitelist: Whitelist,
  problems: PropertyProblem[],
): PropertyProblem[] {
  if (whitelist === false) return problems;
  // For it, a property without a decorator of its own is not declared, such as a required or an initialised one.
  for (const [property, value] of Object.entries(before)) {
    if (!(property in instance)) (instance as Record<string, unknown>)[property] = value;
  }
  return problems.filter(
    ({ property, constraints }) => !('whitelistValidation' in constraints && known.has(property)),
  );
}

/** One for each property, in the order in which they were found. */
function merged(problems: readonly PropertyProblem[]): PropertyProblem[] {
  const byProperty = new Map<string, Record<string, string>>();
  for (const { property, constraints } of problems)
    byProperty.set(property, { ...byProperty.get(property), ...constraints });
  return [...byProperty].map(([property, constraints]) => ({ property, constraints }));
}
