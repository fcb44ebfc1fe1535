import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable, type Type } from '@nestjs/common';
import { Follower, type FollowerContext, On, OnReset, type RecordedEvent } from 'nestjs-once';
import { Trace } from './entities.js';
import { PATIENT, SETUP } from './handlers.js';
import { Journal } from './journal.js';
import { type FollowerName, FOLLOWERS, lotOf, TRACED, witnessOf } from './plan.js';
import type { ChaosSetup } from './setup.js';

/** Events of one transaction: few, so that there are many. */
const BATCH = 20;
/** Of one that replays: more, and still many transactions. */
const REBUILD_BATCH = 50;

function options(name: FollowerName) {
  return {
    follows: FOLLOWERS[name].groups,
    batchSize: BATCH,
    rebuildBatchSize: REBUILD_BATCH,
    retry: PATIENT,
  };
}

/** Writes one row of each event, and collects an event of some, which another follower follows. */
@Injectable()
class Witness {
  constructor(
    private readonly journal: Journal,
    @Inject(SETUP) private readonly setup: ChaosSetup,
  ) {}

  @On('*')
  async note(event: RecordedEvent, { manager, collect, attempt, replaying }: FollowerContext) {
    const { key, group, position } = event;
    this.journal.note({ what: 'handed', handler: 'witness', key, position });
    await manager.insert(Trace, { follower: witnessOf(this.setup.version), eventKey: key });
    // Of what the version before has handled, or it itself before a reset, nothing is recorded again.
    if (group === 'entry') collect({ group: TRACED, data: { of: key } });
    await wait((replaying ? 1 : 4) * lotOf(`${key} is witnessed`));
    if (attempt === 1 && this.setup.faults.includes('failing')) await this.failSometimes(key, manager);
  }

  @OnReset()
  async forget({ manager }: FollowerContext) {
    await manager.delete(Trace, { follower: witnessOf(this.setup.version) });
  }

  /** With a statement of its own, or in a way that it tells nobody of. */
  private async failSometimes(key: string, manager: FollowerContext['manager']): Promise<void> {
    const lot = lotOf(`${key} fails its witness`);
    if (lot > 0.06) return;
    this.journal.note({ what: 'made', fault: 'failing' });
    const failing = manager.query('SELECT * FROM chaos_there_is_no_such_table');
    await failing.catch((error: unknown) => {
      if (lot < 0.03) throw error;
    });
  }
}

/** The version that a process has: each writes rows of its own, as versions have tables of their own. */
export function witnessIn(version: number): Type {
  @Injectable()
  @Follower('witness', { ...options('witness'), version })
  class Versioned extends Witness {}
  return Versioned;
}

/** Follows what the other collects. */
@Injectable()
@Follower('reader', options('reader'))
export class Reader {
  @On(TRACED)
  async note({ data }: RecordedEvent<{ of: string }>, { manager }: FollowerContext) {
    await manager.insert(Trace, { follower: 'reader', eventKey: data.of });
  }
  @OnReset()
  async forget({ manager }: FollowerContext) {
    await manager.delete(Trace, { follower: 'reader' });
  }
}
