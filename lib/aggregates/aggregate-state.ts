import { type Aggregate, type AggregateClass, setProgress } from './aggregate.js';
import { initial, isClosed } from './lineage.js';

/** What a snapshot holds. */
export interface AggregateState {
  readonly createdAt: Date;
  readonly modifiedAt: Date;
  readonly isClosed: boolean;
  /** The aggregate's own properties, as its class declares them. */
  readonly state: Record<string, unknown>;
  /** Properties that are there without a value, which cannot be stored. */
  readonly unset: readonly string[];
}

const OWN = ['id', 'version', 'createdAt', 'modifiedAt'];

/** Functions are the constructor's. */
export function stateOf(aggregate: Aggregate): AggregateState {
  const entries = Object.entries(aggregate).filter(
    ([name, value]) => !OWN.includes(name) && typeof value !== 'function',
  );
  const { createdAt, modifiedAt } = aggregate;
  return {
    createdAt,
    modifiedAt,
    isClosed: isClosed(aggregate),
    state: Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
    unset: entries.flatMap(([name, value]) => (value === undefined ? [name] : [])),
  };
}

/** A new object in this state; what of it the state does not have is as the constructor makes it. */
export function inState<T extends Aggregate>(
  type: AggregateClass<T>,
  id: string,
  version: number,
  { createdAt, modifiedAt, state, unset }: AggregateState,
): T {
  const aggregate = initial(type, id);
  for (const [name, value] of [...Object.entries(state), ...unset.map((one) => [one, undefined] as const)])
    if (!OWN.includes(name))
      Object.defineProperty(aggregate, name, { value, enumerable: true, writable: true, configurable: true });
  setProgress(aggregate, { version, createdAt, modifiedAt });
  return aggregate;
}
