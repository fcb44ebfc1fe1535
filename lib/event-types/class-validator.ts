import { ifInstalled } from '../core/optional-package.js';
import type { PropertyProblem } from './errors.js';
import type { Whitelist } from './event-type.decorator.js';

/** What is needed of class-validator. */
export interface ClassValidator {
  validate(object: object, options: object): Promise<ValidationError[]>;
  getMetadataStorage(): {
    getTargetValidationMetadatas(
      target: Function,
      schema: string,
      always: boolean,
      strictGroups: boolean,
    ): { propertyName: string }[];
  };
}

/** What class-validator says of one property. */
interface ValidationError {
  property?: string;
  constraints?: Record<string, string>;
  children?: ValidationError[];
}

/** Undefined where it is not installed. */
export function loadClassValidator(): Promise<ClassValidator | undefined> {
  return ifInstalled('class-validator', () => import('class-validator') as Promise<ClassValidator>);
}

/** The properties that have decorators of class-validator. */
export function decoratedProperties(validator: ClassValidator, type: Function): Set<string> {
  const storage = validator.getMetadataStorage();
  const decorations = storage.getTargetValidationMetadatas(type, '', false, false);
  return new Set(decorations.map(({ propertyName }) => propertyName));
}

/** What its decorators have against an instance, at every depth; with a whitelist it drops what they do not know. */
export async function decoratorProblems(
  validator: ClassValidator,
  instance: object,
  whitelist: Whitelist,
): Promise<PropertyProblem[]> {
  const errors = await validator.validate(instance, {
    whitelist: whitelist !== false,
    forbidNonWhitelisted: whitelist === 'forbid',
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  return errors.flatMap((error) => flattened(error, ''));
}

/** The error and those below it, each with its path. */
function flattened(
  { property, constraints = {}, children = [] }: ValidationError,
  above: string,
): PropertyProblem[] {
  const path = [above, property ?? ''].filter((part) => part !== '').join('.');
  const own = Object.keys(constraints).length > 0 ? [{ property: path, constraints }] : [];
  return [...own, ...children.flatMap((child) => flattened(child, path))];
}
