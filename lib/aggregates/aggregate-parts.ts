import type { PayloadCodec } from '../payload/payload-codec.js';
import type { SubjectSeal } from '../payload/subject-seal.js';
import type { Database } from '../store/db/database.js';
import type { EventLogStore } from '../store/log/event-log-store.js';
import type { EventReader } from '../store/log/event-reader.js';
import type { PersonalEmissions } from '../store/log/personal-emissions.js';
import type { SnapshotStore } from '../store/log/snapshot-store.js';
import type { StreamReader } from '../store/log/stream-reader.js';
import type { AggregateTypes } from './aggregate-types.js';
import type { Background } from './background.js';
import type { Flights } from './flights.js';

/** What the aggregates of all applications of one log share. */
export interface AggregateParts {
  readonly database: Database;
  readonly store: Pick<EventLogStore, 'on' | 'record'>;
  readonly reader: EventReader;
  readonly streams: StreamReader;
  readonly snapshots: SnapshotStore;
  readonly codec: PayloadCodec;
  readonly personal: Pick<PersonalEmissions, 'has' | 'subjectsOf'>;
  readonly seal: SubjectSeal;
  readonly types: AggregateTypes;
  readonly flights: Flights;
  readonly background: Background;
  /** Says something in the application's log. */
  readonly warn: (line: string) => void;
  /** Resolves when the tables are known to be there; rejects with `SchemaNotReadyError`. */
  readonly ready: () => Promise<void>;
  readonly random: () => number;
}

/** One application's part of them. */
export interface ApplicationParts extends AggregateParts {
  readonly application: string;
}
