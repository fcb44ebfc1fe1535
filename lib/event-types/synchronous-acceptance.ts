import { createRequire } from 'node:module';
import { types } from 'node:util';
import { type EventClass, eventTypeNameOf, type SynchronousEventClass } from '../core/event-types.js';
import { acceptSync } from './acceptance.js';
import { asynchronousRules, type ClassValidator, decoratedProperties } from './class-validator.js';
import { eventDefinition } from './event-definition.js';
import { InvalidEventTypeError, MissingPackageError } from './errors.js';

/** What can be asked of an event's class where nothing can be waited for, and no application is known. */
export function synchronously(type: EventClass): SynchronousEventClass {
  return {
    accept: (data) => accepted(type, data),
    whyNot: () => asynchronousMethod(type) ?? asynchronousRules(validatorOf(type), type),
  };
}

function accepted(type: EventClass, data: object): object {
  const validator = validatorOf(type);
  const decorated = decoratedProperties(validator, type);
  const definition = eventDefinition(type, eventTypeNameOf(type)!, { whitelist: false, decorated });
  const instance = Object.assign(new type(), data);
  acceptSync(validator, definition, instance);
  return instance;
}

function asynchronousMethod(type: EventClass): string | undefined {
  const methods = type.prototype as Record<string, unknown>;
  const found = ['validate', 'clean'].find((method) => types.isAsyncFunction(methods[method]));
  if (found !== undefined) return `${found}() is asynchronous`;
  return typeof methods.clean === 'function' ? 'clean() would change what the method was given' : undefined;
}

/** Whoever has decorated the class has loaded it already. */
function validatorOf({ name }: EventClass): ClassValidator {
  try {
    return createRequire(import.meta.url)('class-validator') as ClassValidator;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND')
      throw new MissingPackageError('class-validator', name);
    throw new InvalidEventTypeError(name, 'class-validator could not be loaded.', { cause });
  }
}
