import type { Aggregate, AggregateClass } from './aggregate.js';

export interface AggregateTypeOptions {
  /** What the type was called before: its events and snapshots of those names are this type's. Default: nothing else. */
  aliases?: readonly string[];
  /** Of the state that snapshots hold: raise it when that changes. Default `1`. */
  schemaVersion?: number;
  /** An aggregate whose stream was ended may begin again, by `repository.restart(id)`. Default `false`. */
  restarts?: boolean;
}

/** What the decorators of one class say. */
interface TypeNotes {
  name?: string;
  options: AggregateTypeOptions;
  eventSteps: EventStep[];
  snapshotSteps: UpcastStep[];
}

/** Data of one version to data of the next: a static method. */
export interface UpcastStep {
  readonly from: number;
  readonly method: string;
}

export interface EventStep extends UpcastStep {
  /** As it was given: `Dog.TrickAdded`, or `TrickAdded`. */
  readonly group: string;
}

const NOTES = Symbol('aggregate type');

/** Makes a class that of the aggregates of this type: the group of their events is `<name>.<event>`. */
export function AggregateType(name: string, options: AggregateTypeOptions = {}) {
  return <T extends Aggregate>(type: AggregateClass<T>): void => {
    Object.assign(notesOn(type), { name, options });
  };
}

/** Makes a static method the step that brings the data of an event from version `from` to the next; `group` as `Dog.TrickAdded`. */
export function UpcastEvent(group: string, from: number): MethodDecorator {
  return (type, method) =>
    void notesOn(type as Function).eventSteps.push({ group, from, method: String(method) });
}

/** Makes a static method the step that brings the state in a snapshot from schema version `from` to the next. */
export function UpcastSnapshot(from: number): MethodDecorator {
  return (type, method) =>
    void notesOn(type as Function).snapshotSteps.push({ from, method: String(method) });
}

/** The name that `@AggregateType` gave to the class. */
export function aggregateTypeNameOf(type: Function): string | undefined {
  return typeNotesOf(type).name;
}

/** The notes of a class, and those of the steps of classes that it extends. */
export function typeNotesOf(type: Function): TypeNotes {
  const own = Object.hasOwn(type, NOTES) ? notesOn(type) : emptyNotes();
  const parent = Object.getPrototypeOf(type) as Function | null;
  if (typeof parent !== 'function' || parent === Function.prototype) return own;
  const { eventSteps, snapshotSteps } = typeNotesOf(parent);
  return {
    ...own,
    eventSteps: [...own.eventSteps, ...eventSteps],
    snapshotSteps: [...own.snapshotSteps, ...snapshotSteps],
  };
}

function notesOn(type: Function): TypeNotes {
  if (!Object.hasOwn(type, NOTES))
    Object.defineProperty(type, NOTES, { value: emptyNotes(), configurable: true });
  return (type as unknown as { [NOTES]: TypeNotes })[NOTES];
}

function emptyNotes(): TypeNotes {
  return { options: {}, eventSteps: [], snapshotSteps: [] };
}
