import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Follower, type FollowerContext, On, type RecordedEvent } from 'nestjs-once';
import { Trace } from './entities.js';
import { PATIENT, SETUP } from './handlers.js';
import { Journal } from './journal.js';
import { type FollowerName, FOLLOWERS, lotOf, TRACED } from './plan.js';
import type { ChaosSetup } from './setup.js';

/** Events of one transaction: few, so that there are many. */
const BATCH = 20;

function options(name: FollowerName) {
  return { follows: FOLLOWERS[name].groups, batchSize: BATCH, retry: PATIENT };
}

/** Writes one row of each event, and collects an event of some, which another follower follows. */
@Injectable()
@Follower('witness', options('witness'))
export class Witness {
  constructor(
    private readonly journal: Journal,
    @Inject(SETUP) private readonly setup: ChaosSetup,
  ) {}

  @On('*')
  async note({ key, group, position }: RecordedEvent, { manager, collect, attempt }: FollowerContext) {
    this.journal.note({ what: 'handed', handler: 'witness', key, position });
    await manager.insert(Trace, { follower: 'witness', eventKey: key });
    if (group === 'entry') collect({ group: TRACED, data: { of: key } });
    await wait(4 * lotOf(`${key} is witnessed`));
    if (attempt === 1 && this.setup.faults.includes('failing')) await this.failSometimes(key, manager);
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

/** Follows what the other collects. */
@Injectable()
@Follower('reader', options('reader'))
export class Reader {
  @On(TRACED)
  async note({ data }: RecordedEvent<{ of: string }>, { manager }: FollowerContext) {
    await manager.insert(Trace, { follower: 'reader', eventKey: data.of });
  }
}
