import { type ClassValidator, decoratorProblems } from './class-validator.js';
import { EventValidationError, type PropertyProblem, REQUIRED } from './errors.js';
import type { EventDefinition } from './event-definition.js';
import type { Whitelist } from './event-type.decorator.js';
import { ownProblems } from './own-methods.js';

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
  assertNone(definition.name, found);
  assertNone(definition.name, await ownProblems(definition.type, instance));
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
  { isDecorated, known }: EventDefinition,
  instance: object,
  whitelist: Whitelist,
): Promise<PropertyProblem[]> {
  if (!isDecorated) return [];
  const before = { ...instance };
  const problems = await decoratorProblems(validator, instance, whitelist);
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
