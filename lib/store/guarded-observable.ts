import { Observable, type Observer, type Operator, Subscriber, type Subscription } from 'rxjs';

type Listener<T> = ((value: T) => unknown) | null | undefined;

/**
 * An observable whose subscribers cannot end the process: rxjs throws again, where nobody can catch it, what a subscriber
 * throws and what it has no error callback for; here it is told to `failed`, as are promises that are rejected. It stays
 * so behind operators.
 */
export class GuardedObservable<T> extends Observable<T> {
  constructor(
    private readonly failed: (error: unknown) => void,
    start?: (subscriber: Subscriber<T>) => (() => void) | void,
  ) {
    super(start);
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new GuardedObservable<R>(this.failed);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(
    observer?: Partial<Observer<T>> | Listener<T>,
    error?: Listener<unknown>,
    complete?: (() => void) | null,
  ): Subscription {
    // An operator's own.
    if (observer instanceof Subscriber) return super.subscribe(observer);
    const given =
      typeof observer === 'object' && observer !== null ? observer : { next: observer, error, complete };
    return super.subscribe({
      next: (value) => this.guard(() => given.next?.call(given, value)),
      error: (reason: unknown) =>
        given.error ? this.guard(() => given.error!.call(given, reason)) : this.failed(reason),
      complete: () => this.guard(() => given.complete?.call(given)),
    });
  }

  private guard(call: () => unknown): void {
    try {
      const result = call();
      if (result instanceof Promise) result.catch(this.failed);
    } catch (error) {
      this.failed(error);
    }
  }
}
