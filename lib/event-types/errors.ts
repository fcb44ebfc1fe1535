import { EventSourcingError } from '../core/errors.js';
import { RefusedDataError } from '../core/event-types.js';

/** What an event may be called. */
const SHAPES = {
  flat: 'an application and a class with one dot between them, such as "shop.DealClick"',
  nested: 'two or more parts with dots between them, such as "shop.orders.Placed"',
};

/** A name that no event can have. */
export class InvalidEventNameError extends EventSourcingError {
  readonly code = 'INVALID_EVENT_NAME';

  constructor(
    /** The name that was given. */
    readonly event: string,
    /** What is wrong with it. */
    readonly reason: string,
    /** Whether names of more than two parts are allowed: `eventTypes.nestedNames`. */
    nested: boolean,
  ) {
    const shape = nested ? SHAPES.nested : SHAPES.flat;
    super(`The name "${event}" is invalid: ${reason}. Expected ${shape}.`);
  }
}

/** No class has this name: nothing was recorded. */
export class EventNotFoundError extends EventSourcingError {
  readonly code = 'EVENT_NOT_FOUND';

  constructor(
    /** The name that was given, or that of the class. */
    readonly event: string,
    /** The nearest names that there are, nearest first; often none. */
    readonly suggestions: readonly string[] = [],
  ) {
    const [app, ...name] = event.split('.');
    const hint = suggestionOf(suggestions);
    super(
      `There is no event named ${name.join('.')} in the ${app} app.${hint} Its class is decorated with ` +
        `@EventType('${event}') and given to the module: forRoot({ events: [...] }), forFeature({ events: [...] }) or providers.`,
    );
  }
}

function suggestionOf(suggestions: readonly string[]): string {
  return suggestions.length === 0
    ? ''
    : ` Did you mean ${suggestions.map((name) => `"${name}"`).join(' or ')}?`;
}

/** What an event's class has against one property of its data. */
export interface PropertyProblem {
  /** Its path in the data, such as `items.0.price`; `''` when it is the data as a whole. */
  readonly property: string;
  /** What is wrong, as sentences by the names of the constraints: `{ isUuid: 'dealId must be a UUID' }`. */
  readonly constraints: Readonly<Record<string, string>>;
}

/** Name of the constraint that a missing property of `@RequireKeys` violates. */
export const REQUIRED = 'requireKeys';

/** An event's data is not what its class accepts: with every offending property. Such an event is not recorded. */
export class EventValidationError extends RefusedDataError {
  readonly code = 'EVENT_VALIDATION';

  constructor(
    /** The event's name. */
    readonly event: string,
    readonly properties: readonly PropertyProblem[],
    options?: ErrorOptions,
  ) {
    super(`The data of event "${event}" is invalid: ${summary(properties)}.`, options);
  }
}

/** The missing ones in one sentence, then the others. */
function summary(properties: readonly PropertyProblem[]): string {
  const missing = properties.filter(({ constraints }) => REQUIRED in constraints);
  const keys = missing.map(({ property }) => property).join(', ');
  const others = properties.flatMap(({ constraints }) =>
    Object.entries(constraints).flatMap(([name, text]) => (name === REQUIRED ? [] : [text])),
  );
  return [...(keys ? [`The following keys are missing: ${keys}`] : []), ...others].join('; ');
}

/** Two classes of one name: what is recorded under it could be either's. */
export class DuplicateEventTypeError extends EventSourcingError {
  readonly code = 'DUPLICATE_EVENT_TYPE';

  constructor(
    readonly event: string,
    /** The classes' own names. */
    readonly classes: readonly [string, string],
  ) {
    super(
      `Two event classes are named "${event}": ${classes.join(' and ')}. Names are unique in an application: ` +
        "give one of them another, @EventType('app.Name').",
    );
  }
}

/** A class that cannot be an event's. */
export class InvalidEventTypeError extends EventSourcingError {
  readonly code = 'INVALID_EVENT_TYPE';

  constructor(
    /** The class's own name. */
    readonly type: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`Event class ${type}: ${reason}`, options);
  }
}

/** A package is not installed that event classes need. */
export class MissingPackageError extends EventSourcingError {
  readonly code = 'MISSING_PACKAGE';

  constructor(
    readonly missing: string,
    /** What was registered that needs it. */
    readonly type: string,
  ) {
    super(
      `Event class ${type} needs ${missing}, which is not installed: npm install class-validator class-transformer`,
    );
  }
}

/** A package is there in two copies, one of which has what the other one looks for: a bundler took only a part of it, or took two forms. */
export class SplitPackageError extends EventSourcingError {
  readonly code = 'SPLIT_PACKAGE';

  constructor(readonly split: string) {
    super(
      `The decorators of ${split} are kept in another copy of it than the one that event classes are read from, so that ` +
        `they would be ignored. Let the bundler leave ${split} and nestjs-once out (external), or take its CommonJS form.`,
    );
  }
}
