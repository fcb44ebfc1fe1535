import { describe } from '../core/describe.js';
import type { EventClass } from '../core/event-types.js';
import { InvalidEventTypeError, type PropertyProblem } from './errors.js';

/** A method of the class; what data holds by that name is no method. */
function methodOf(type: EventClass, name: string): ((this: object) => unknown) | undefined {
  const method = (type.prototype as Record<string, unknown>)[name];
  return typeof method === 'function' ? (method as (this: object) => unknown) : undefined;
}

/**
 * What the class's own `validate()` has against its instance: nothing, or `true`, accepts it; a sentence is about the whole, an
 * object has sentences by property, `false` says no more than that. What it throws is thrown.
 */
export async function ownProblems(type: EventClass, instance: object): Promise<PropertyProblem[]> {
  return problemsIn(type, await methodOf(type, 'validate')?.call(instance));
}

/** What the class's own method answers where nothing can be waited for: a promise is no answer. */
export function ownProblemsSync(type: EventClass, instance: object): PropertyProblem[] {
  return problemsIn(type, methodOf(type, 'validate')?.call(instance));
}

function problemsIn(type: EventClass, answer: unknown): PropertyProblem[] {
  if (answer === undefined || answer === true) return [];
  if (answer === false) return [{ property: '', constraints: { validate: 'validate() refused it' } }];
  if (typeof answer === 'string') return [{ property: '', constraints: { validate: answer } }];
  const sentences = Object.entries(answer ?? {}) as [string, unknown][];
  if (isObject(answer) && sentences.every(([, sentence]) => typeof sentence === 'string'))
    return sentences.map(([property, text]) => ({ property, constraints: { validate: text as string } }));
  const expected = 'nothing, true or false, a sentence, or an object of sentences by property';
  throw wrongAnswer(type, 'validate', expected, answer);
}

/** What the class's own `clean()` made of its instance: the same, or other data; undefined when there is no such method. */
export async function cleaned(type: EventClass, instance: object): Promise<object | undefined> {
  const clean = methodOf(type, 'clean');
  if (!clean) return undefined;
  const answer: unknown = await clean.call(instance);
  if (answer === undefined) return instance;
  if (isObject(answer)) return answer;
  throw wrongAnswer(type, 'clean', 'the data or nothing', answer);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongAnswer(type: EventClass, method: string, expected: string, answer: unknown): Error {
  return new InvalidEventTypeError(
    type.name,
    `expected ${method}() to return ${expected}, got ${describe(answer)}.`,
  );
}
