import { harmless } from '../../core/harmless.js';
import {
  isObservable,
  Observable,
  type Observer,
  Subscriber,
  type Subscription,
  type UnaryFunction,
} from 'rxjs';

type Listener<T> = ((value: T) => unknown) | null | undefined;
type Given<T> = [
  observer?: Partial<Observer<T>> | Listener<T>,
  error?: Listener<unknown>,
  complete?: Listener<void>,
];
type Failed = (error: unknown) => void;
type Operation = UnaryFunction<unknown, unknown>;

/**
 * An observable whose subscribers cannot end the process: rxjs throws again, where nobody can catch it, what a subscriber
 * throws and what it has no error callback for; here it is told to `failed`, as are promises that are rejected. It stays
 * so behind `pipe`. Functions that combine several observables, such as `merge`, make one of rxjs' own.
 */
export function guardedObservable<T>(
  failed: Failed,
  start: (subscriber: Subscriber<T>) => (() => void) | void,
): Observable<T> {
  return guarded(new Observable<T>(start), failed);
}

/** Guards `subscribe` and `pipe` of an observable that was made here: others are not to be changed. */
function guarded<T>(own: Observable<T>, failed: Failed): Observable<T> {
  const [subscribe, pipe] = [own.subscribe.bind(own), own.pipe.bind(own)];
  const members = {
    // A Subscriber is an operator's own, which has its way to tell of errors.
    subscribe: (...given: Given<T>): Subscription =>
      subscribe(given[0] instanceof Subscriber ? given[0] : guardedObserver(failed, ...given)),
    pipe: (...operations: Operation[]): unknown =>
      operations.length === 0 ? own : guardedResult(Reflect.apply(pipe, own, operations), failed),
  };
  for (const [name, value] of Object.entries(members))
    Object.defineProperty(own, name, { value, writable: true, configurable: true });
  return own;
}

/** What an operator returned may belong to the application, and may be more than an observable: a subject, a promise. */
function guardedResult(result: unknown, failed: Failed): unknown {
  if (!isObservable(result) || Object.getPrototypeOf(result) !== Observable.prototype) return result;
  return guardedObservable(failed, (subscriber) => void result.subscribe(subscriber));
}

function guardedObserver<T>(failed: Failed, ...[observer, error, complete]: Given<T>): Observer<T> {
  const given: { next?: Listener<T>; error?: Listener<unknown>; complete?: Listener<void> } =
    typeof observer === 'object' && observer !== null ? observer : { next: observer, error, complete };
  const guard = (call: () => unknown) => void harmless(call, failed);
  return {
    next: (value) => guard(() => given.next?.call(given, value)),
    error: (reason: unknown) => guard(() => (given.error ? given.error.call(given, reason) : failed(reason))),
    complete: () => guard(() => given.complete?.call(given)),
  };
}
