import { types } from 'node:util';
import { type Aggregate, type AggregateClass, PENDING, setProgress } from './aggregate.js';
import { AggregateEventCallError, InvalidAggregateError } from './errors.js';
import { argumentsOf, type EventMethod, labelOf } from './event-method.js';

/** An event that an aggregate has had. */
export interface AppliedEvent {
  readonly method: EventMethod;
  readonly version: number;
  readonly at: Date;
  /** Nothing comes after it, unless the aggregate begins again. */
  readonly closes: boolean;
  /** Its data, as a copy for whoever asks. */
  readonly data: () => unknown;
}

/** How an aggregate has become what it is: hidden, since it is no part of its state. */
interface Lineage {
  /** A new object, as this one was before these events. */
  base: () => Aggregate;
  /** Its stream was ended by then. */
  wasClosed: boolean;
  events: AppliedEvent[];
  isClosed: boolean;
  /** Whose personal data it was given, in a form that could be read. */
  subjects: Set<string>;
}

const lineages = new WeakMap<Aggregate, Lineage>();
/** Bodies are synchronous, so that one at most runs at a time. */
let running = false;

/** Whether the body of an event is running. */
export function isInBody(): boolean {
  return running;
}

/** A new object of the class. Throws `InvalidAggregateError` where its constructor makes events. */
export function initial<T extends Aggregate>(type: AggregateClass<T>, id: string): T {
  const aggregate = new type(id);
  if (aggregate.version === 0) return aggregate;
  throw new InvalidAggregateError(
    type.name,
    'its constructor makes events, so that none could be replayed. Make them in a static method.',
  );
}

/** Notes how the object can be made again. */
export function beginAt<T extends Aggregate>(base: () => T, wasClosed = false): T {
  const aggregate = base();
  lineages.set(aggregate, { base, wasClosed, events: [], isClosed: wasClosed, subjects: new Set() });
  return aggregate;
}

export function isClosed(aggregate: Aggregate): boolean {
  return lineages.get(aggregate)?.isClosed ?? false;
}

/** Notes whose personal data the aggregate was given. */
export function noteSubjects(aggregate: Aggregate, subjects: Iterable<string>): void {
  const { subjects: known } = lineageOf(aggregate);
  for (const subject of subjects) known.add(subject);
}

/** Whose personal data is in its state, or may be. */
export function subjectsOf(aggregate: Aggregate): ReadonlySet<string> {
  return lineageOf(aggregate).subjects;
}

/** Does to the aggregate what the event did. Returns what the body returned; where that throws, nothing is noted. */
export function apply(aggregate: Aggregate, event: AppliedEvent): unknown {
  const lineage = lineageOf(aggregate);
  // It has begun again.
  if (lineage.isClosed) become(aggregate, initial(classOf(aggregate), aggregate.id));
  const { createdAt = event.at } = aggregate;
  setProgress(aggregate, { version: event.version, createdAt, modifiedAt: event.at });
  const { method } = event;
  const result = inBody(() => method.body.apply(aggregate, argumentsOf(method, event.data())));
  assertNoPromise(method, result);
  lineage.events.push(event);
  lineage.isClosed = event.closes;
  return result;
}

/** The aggregate again, as it was after its event of this version, as another object. Undefined where that is too long ago. */
export function rebuilt<T extends Aggregate>(aggregate: T, version: number): T | undefined {
  const { base, wasClosed, events, subjects } = lineageOf(aggregate);
  const again = beginAt(base as () => T, wasClosed);
  noteSubjects(again, subjects);
  if (again.version > version) return undefined;
  for (const event of events) if (event.version <= version) apply(again, event);
  return again;
}

/** Puts back everything but the pending events to what it was before a body that threw. */
export function undo(aggregate: Aggregate, version: number): void {
  const before = rebuilt(aggregate, version)!;
  become(aggregate, before);
}

/** Takes on the state of the other, and that alone. */
function become(aggregate: Aggregate, other: Aggregate): void {
  const pending = aggregate[PENDING];
  for (const key of Reflect.ownKeys(aggregate)) Reflect.deleteProperty(aggregate, key);
  Object.defineProperties(aggregate, Object.getOwnPropertyDescriptors(other));
  Object.defineProperty(aggregate, PENDING, { value: pending });
}

export function classOf<T extends Aggregate>(aggregate: T): AggregateClass<T> {
  return aggregate.constructor as AggregateClass<T>;
}

function lineageOf(aggregate: Aggregate): Lineage {
  const known = lineages.get(aggregate);
  if (known) return known;
  const { id } = aggregate;
  const base = () => initial(classOf(aggregate), id);
  const lineage = { base, wasClosed: false, events: [], isClosed: false, subjects: new Set<string>() };
  lineages.set(aggregate, lineage);
  return lineage;
}

/** What comes after an `await` would happen when the event is recorded already, and when it is replayed at another time. */
function assertNoPromise(method: EventMethod, result: unknown): void {
  if (!types.isPromise(result)) return;
  result.catch(() => undefined);
  throw new AggregateEventCallError(
    labelOf(method),
    'its body returned a promise, and has to be synchronous.',
  );
}

function inBody<T>(work: () => T): T {
  const before = running;
  running = true;
  try {
    return work();
  } finally {
    running = before;
  }
}
