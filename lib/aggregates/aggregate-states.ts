import type { QueryRunner } from 'typeorm';
import { streamName } from '../core/stream.js';
import type { StoredPayload } from '../core/stored-payload.js';
import { messageOf } from '../core/thrown.js';
import { type PayloadOwner, snapshotOwner } from '../payload/payload-owner.js';
import type { Pipeline } from '../payload/pipeline.js';
import type { SnapshotStore, StoredSnapshot } from '../store/log/snapshot-store.js';
import type { Aggregate } from './aggregate.js';
import type { AggregateDefinition } from './aggregate-definition.js';
import type { Beginnings } from './aggregate-loads.js';
import type { ApplicationParts } from './aggregate-parts.js';
import { type AggregateState, inState, stateOf } from './aggregate-state.js';
import { checkedCopy } from './checked-copy.js';
import { firstThenAgain } from './first-then-again.js';
import { beginAt, noteSubjects, rebuilt, subjectsOf } from './lineage.js';
import { StateCache } from './state-cache.js';
import { upcast } from './upcast-steps.js';

export interface StatesParts extends ApplicationParts {
  readonly snapshots: SnapshotStore;
  /** After how many versions a snapshot is taken; undefined: by hand alone. */
  readonly every: number | undefined;
  /** How many states are kept in memory. */
  readonly cached: number;
  /** What states pass. */
  readonly pipeline: Pipeline;
}

/**
 * The states from which aggregates of one type need not be replayed: in memory and in the table of snapshots. All of it can
 * be made again of the log, so that nothing here fails a load or a save: it is told of in the application's log, once.
 */
export class AggregateStates<T extends Aggregate> implements Beginnings<T> {
  private readonly cache: StateCache;
  private readonly told = new Set<string>();
  /** Aggregates whose snapshot could not be used: it is written anew when they are loaded. */
  private readonly passedOver = new Set<string>();

  constructor(
    private readonly parts: StatesParts,
    private readonly definition: AggregateDefinition<T>,
  ) {
    this.cache = new StateCache(parts.cached);
  }

  async latest(
    id: string,
    upTo: number | undefined,
    runner: QueryRunner | undefined,
  ): Promise<T | undefined> {
    const cached = this.cache.get(id);
    if (cached && cached.version <= (upTo ?? Infinity)) {
      const begun = await this.begin(id, cached, runner);
      if (begun) return begun;
      this.cache.drop(id);
    }
    const { schemaVersion } = this.definition;
    const found = await this.parts.snapshots.latest(this.streamOf(id), { schemaVersion, upTo }, runner);
    if (!found) return undefined;
    const begun = await this.begin(id, found, runner);
    // Written anew from what is in the log for everybody, and not from what a transaction sees.
    if (begun && found.schemaVersion !== schemaVersion && !runner)
      this.parts.background.add(this.write(begun));
    if (!begun && !runner && upTo === undefined) this.passedOver.add(id);
    return begun;
  }

  /** What everybody sees was loaded, begun at this version. */
  loaded(aggregate: T, from: number): void {
    if (this.passedOver.delete(aggregate.id)) this.parts.background.add(this.write(aggregate, true));
    if (aggregate.version !== from) this.remember(aggregate);
  }

  /** The events of these versions are in the log for good. Never rejects. */
  async committed(aggregate: T, versions: { first: number; last: number }): Promise<void> {
    const { every } = this.parts;
    if (this.cache.isOn) {
      const saved = this.at(aggregate, versions.last);
      if (saved) this.remember(saved);
    }
    if (every === undefined) return;
    for (
      let version = Math.ceil(versions.first / every) * every;
      version <= versions.last;
      version += every
    ) {
      const then = this.at(aggregate, version);
      if (then) await this.write(then);
    }
  }

  /** Throws what the codec or the database says. */
  async take(aggregate: T, replace = false): Promise<void> {
    const snapshot = await this.sealed(aggregate, this.encoded(aggregate));
    if (snapshot) await this.parts.snapshots.write(this.streamOf(aggregate.id), snapshot, replace);
  }

  private at(aggregate: T, version: number): T | undefined {
    return aggregate.version === version ? aggregate : rebuilt(aggregate, version);
  }

  private async write(aggregate: T, replace = false): Promise<void> {
    try {
      await this.take(aggregate, replace);
    } catch (error) {
      this.tell(`A snapshot of ${this.definition.name} could not be written: ${messageOf(error)}`);
    }
  }

  private remember(aggregate: T): void {
    if (!this.cache.isOn) return;
    const failed = (error: unknown) => {
      this.cache.drop(aggregate.id);
      this.tell(`${this.definition.name} cannot be kept in memory: ${messageOf(error)}`);
    };
    try {
      const snapshot = this.encoded(aggregate);
      if (subjectsOf(aggregate).size === 0) return this.cache.put(aggregate.id, snapshot);
      const keep = (sealed?: StoredSnapshot) =>
        sealed ? this.cache.put(aggregate.id, sealed) : this.cache.drop(aggregate.id);
      this.parts.background.add(this.sealed(aggregate, snapshot).then(keep).catch(failed));
    } catch (error) {
      failed(error);
    }
  }

  private encoded(aggregate: T): StoredSnapshot {
    const { codec, pipeline } = this.parts;
    const { schemaVersion } = this.definition;
    const { version } = aggregate;
    const owner = this.ownerOf(aggregate.id, { version, schemaVersion });
    return { version, schemaVersion, stored: codec.encode(stateOf(aggregate), { owner, pipeline }) };
  }

  /** Readable only as long as the keys of all whose personal data is in it; undefined where one of them is gone. */
  private async sealed(aggregate: T, snapshot: StoredSnapshot): Promise<StoredSnapshot | undefined> {
    const subjects = subjectsOf(aggregate);
    if (subjects.size === 0) return snapshot;
    const owner = this.ownerOf(aggregate.id, snapshot);
    const stored = await this.parts.seal.seal(snapshot.stored, subjects, owner);
    return stored && { ...snapshot, stored };
  }

  private ownerOf(id: string, { version, schemaVersion }: Omit<StoredSnapshot, 'stored'>): PayloadOwner {
    return snapshotOwner(this.streamOf(id), version, schemaVersion);
  }

  /** Undefined where it cannot be used. */
  private async begin(
    id: string,
    snapshot: StoredSnapshot,
    runner: QueryRunner | undefined,
  ): Promise<T | undefined> {
    const { definition } = this;
    const { version, schemaVersion } = snapshot;
    try {
      const subjects: string[] = [];
      const first = this.stateIn(id, snapshot, { subjects, runner });
      const given = (first instanceof Promise ? await first : first) as AggregateState;
      if (!definition.accepts(given.state))
        return this.passOver(schemaVersion, 'the class does not accept it');
      const again = () =>
        first instanceof Promise
          ? (checkedCopy(given) as AggregateState)
          : (this.stateIn(id, snapshot, { subjects: [], runner }) as AggregateState);
      const state = firstThenAgain(first instanceof Promise ? again() : given, again);
      const begun = beginAt(() => inState(definition.type, id, version, state()), given.isClosed);
      noteSubjects(begun, subjects);
      return begun;
    } catch (error) {
      return this.passOver(schemaVersion, messageOf(error));
    }
  }

  /** The state in the version that the code knows, or a promise of it. `subjects` is told whose personal data it may hold. */
  private stateIn(
    id: string,
    snapshot: StoredSnapshot,
    { subjects, runner }: { subjects: string[]; runner: QueryRunner | undefined },
  ): unknown {
    const { seal } = this.parts;
    const { stored } = snapshot;
    if (!seal.isSealed(stored)) return this.decoded(id, snapshot, stored);
    return seal.open(stored, this.ownerOf(id, snapshot), runner).then((opened) => {
      subjects.push(...opened.subjects);
      return this.decoded(id, snapshot, opened.stored);
    });
  }

  private decoded(id: string, snapshot: StoredSnapshot, stored: StoredPayload): unknown {
    const { name, schemaVersion: known, snapshotSteps } = this.definition;
    const { schemaVersion } = snapshot;
    const current = (decoded: unknown) => {
      const whole = decoded as AggregateState;
      const state = upcast(`snapshot of ${name}`, whole.state, schemaVersion, known, snapshotSteps);
      return { ...whole, state };
    };
    const { codec, reader } = this.parts;
    const decoded = codec.decoded(stored, reader.load, { owner: this.ownerOf(id, snapshot) });
    return decoded instanceof Promise ? decoded.then(current) : current(decoded);
  }

  private passOver(schemaVersion: number, reason: string): undefined {
    const what = `snapshots of ${this.definition.name} in schema version ${schemaVersion}`;
    this.tell(`Passing over ${what}, which are written anew: ${reason}`);
  }

  private tell(line: string): void {
    if (this.told.has(line)) return;
    if (this.told.size < 100) this.told.add(line);
    this.parts.warn(line);
  }

  private streamOf(id: string): string {
    return streamName(this.parts.application, id);
  }
}
