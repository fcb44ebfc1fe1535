import type { EntityManager } from 'typeorm';
import { describe } from '../core/describe.js';
import type { EventInput } from '../core/event.js';
import { CollectingError } from './errors.js';

/** PORT. The aggregates of the application, as followers need to know them. */
export interface AggregateSaver {
  isAggregate(value: object): boolean;
  /** Records their pending events in the transaction of `manager`. */
  save(aggregates: readonly object[], manager: EntityManager): Promise<readonly { readonly group: string }[]>;
}

/** PORT. Records events in the transaction of a manager. */
export interface CollectedRecorder {
  record(inputs: readonly EventInput[], source: string, manager: EntityManager): Promise<unknown>;
}

/** Who collects, and for which event. */
export interface CollectorPlace {
  readonly follower: string;
  /** The other log in which the event is; undefined: its own. */
  readonly from?: string | undefined;
  readonly position: number;
  /** What is collected was recorded before, and is left out. */
  readonly replaying: boolean;
  /** Whether it says that it collects events of the group. */
  readonly mayCollect: (group: string) => boolean;
}

/** What a follower's methods collect for one event. */
export class Collector {
  private readonly collected: object[] = [];
  private isOver = false;
  private index = 0;

  constructor(
    private readonly place: CollectorPlace,
    private readonly aggregates: AggregateSaver,
  ) {}

  readonly collect = (value: object): void => {
    if (this.isOver)
      throw new CollectingError(
        this.place.follower,
        'the method had ended. Await what it does before it ends.',
      );
    if (typeof value !== 'object' || value === null)
      throw new CollectingError(
        this.place.follower,
        `expected an event or an aggregate, got ${describe(value)}.`,
      );
    this.collected.push(value);
  };

  /** Records what the method of this label collected, in that order. */
  async record(label: string, recorder: CollectedRecorder, manager: EntityManager): Promise<void> {
    const collected = this.collected.splice(0);
    if (this.place.replaying) return;
    const inputs = collected.map((value) => this.input(value));
    for (const input of inputs) if (input) this.assertDeclared(input);
    for (let start = 0, end = 0; start < collected.length; start = end) {
      const isAggregate = inputs[start] === undefined;
      while (end < collected.length && (inputs[end] === undefined) === isAggregate) end++;
      if (isAggregate)
        for (const event of await this.aggregates.save(collected.slice(start, end), manager))
          this.assertDeclared(event);
      else await recorder.record(inputs.slice(start, end) as EventInput[], label, manager);
    }
  }

  /** Nothing is collected any more. */
  end(): void {
    this.isOver = true;
  }

  private assertDeclared({ group }: { readonly group: string }): void {
    // What is no text is refused where it is recorded.
    if (typeof group !== 'string' || this.place.mayCollect(group)) return;
    throw new CollectingError(
      this.place.follower,
      `its option emits does not match the group "${group}". Add it to emits, or leave that out.`,
    );
  }

  /** Undefined for an aggregate. The key is the same whenever the event is handled again. */
  private input(value: object): EventInput | undefined {
    if (this.aggregates.isAggregate(value)) return undefined;
    const { follower, from, position } = this.place;
    const log = from === undefined ? '' : `@${from}:`;
    const key = `follower:${follower}:${log}${position}:${this.index++}`;
    const given = value as Partial<EventInput>;
    return { ...given, key: given.key ?? key } as EventInput;
  }
}
