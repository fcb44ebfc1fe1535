import type { QueryRunner } from 'typeorm';
import type { RecordedEvent } from '../../core/event.js';
import { type EventEvolution, evolved, NO_EVOLUTION } from '../../core/event-evolution.js';
import { PRUNED } from '../../core/stored-payload.js';
import type { EntityLoader } from '../../payload/entity-port.js';
import type { Seen } from '../../payload/personal-values.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import type { Database } from '../db/database.js';
import type { ReplayableEvent, StoredEvent } from '../ports/rows.js';
import type { TypeOrmEntities } from '../typeorm/typeorm-entities.js';
import { recordedEvent } from './recorded-event.js';

export interface EventReaderParts {
  database: Database;
  codec: PayloadCodec;
  entities: TypeOrmEntities;
  /** Default: no event has versions. */
  evolution?: EventEvolution;
}

/** Events as they are read from the log: decoded, in the version that the code knows. */
export class EventReader {
  constructor(private readonly parts: EventReaderParts) {}

  /**
   * The event's data, or a promise of it where entities have to be loaded or keys to be asked for: in the transaction of
   * `runner`, where one is given. `seen` is told of what is personal in it.
   */
  data(event: ReplayableEvent, seen?: Seen, runner?: QueryRunner): unknown {
    const { codec, evolution = NO_EVOLUTION } = this.parts;
    const stored = { text: event.payload, bytes: event.payloadBytes, encoding: event.encoding };
    const load = runner ? this.loadOn(runner) : this.load;
    return evolved(evolution, event, codec.decoded(stored, load, { owner: event, seen, runner }));
  }

  async recorded(event: StoredEvent, runner?: QueryRunner): Promise<RecordedEvent> {
    const data = event.encoding === PRUNED ? undefined : await this.data(event, undefined, runner);
    return recordedEvent(event, event.position, data);
  }

  private loadOn({ manager }: QueryRunner): EntityLoader {
    return this.parts.entities.loader(manager, undefined);
  }

  /** Loads what a payload refers to. */
  readonly load: EntityLoader = (references) => {
    const { database, entities } = this.parts;
    return database.run((sql) => entities.loader(sql.runner.manager, undefined)(references));
  };
}
