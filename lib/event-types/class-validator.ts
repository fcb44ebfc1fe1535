import { ifInstalled } from '../core/optional-package.js';
import type { PropertyProblem } from './errors.js';
import type { Whitelist } from './event-type-options.js';

/** What is needed of class-validator. */
export interface ClassValidator {
  validate(object: object, options: object): Promise<ValidationError[]>;
  validateSync(object: object, options: object): ValidationError[];
  getMetadataStorage(): {
    getTargetValidationMetadatas(
      target: Function,
      schema: string,
      always: boolean,
      strictGroups: boolean,
    ): { propertyName: string; constraintCls?: Function }[];
    getTargetValidatorConstraints(target: Function): { async: boolean; name: string }[];
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
  const errors = await validator.validate(instance, optionsWith(whitelist));
  return errors.flatMap((error) => flattened(error, ''));
}

/** What the rules say where nothing can be waited for: those that are asynchronous are left out. */
export function decoratorProblemsSync(
  validator: ClassValidator,
  instance: object,
  whitelist: Whitelist,
): PropertyProblem[] {
  return validator.validateSync(instance, optionsWith(whitelist)).flatMap((error) => flattened(error, ''));
}

/** Which asynchronous rule the class has; undefined where it has none. */
export function asynchronousRules(validator: ClassValidator, type: Function): string | undefined {
  const storage = validator.getMetadataStorage();
  for (const { propertyName, constraintCls } of storage.getTargetValidationMetadatas(
    type,
    '',
    false,
    false,
  )) {
    const rules = constraintCls ? storage.getTargetValidatorConstraints(constraintCls) : [];
    if (rules.some(({ async }) => async)) return `a rule of its property ${propertyName} is asynchronous`;
  }
  return undefined;
}

function optionsWith(whitelist: Whitelist): object {
  return {
    whitelist: whitelist !== false,
    forbidNonWhitelisted: whitelist === 'forbid',
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  };
}

/** The error and those below it, each with its path, which its messages begin with too, as those of Nest's ValidationPipe. */
function flattened(
  { property, constraints = {}, children = [] }: ValidationError,
  above: string,
): PropertyProblem[] {
  const path = [above, property ?? ''].filter((part) => part !== '').join('.');
  const texts = Object.entries(constraints).map(([name, text]) => [name, above ? `${above}.${text}` : text]);
  const own =
    texts.length > 0
      ? [{ property: path, constraints: Object.fromEntries(texts) as typeof constraints }]
      : [];
  return [...own, ...children.flatMap((child) => flattened(child, path))];
}
