import type { QueryRunner } from 'typeorm';
import type { AppendedEvent } from '../../../../lib/store/commits/appended-event.js';
import { CommitHub, type CommitListener } from '../../../../lib/store/commits/commit-hub.js';

/** A runner as the hub sees it, driven as TypeORM drives it. */
class Runner {
  isTransactionActive = false;
  private depth = 0;

  constructor(private readonly hub: CommitHub) {}

  begin(): void {
    this.depth++;
    this.isTransactionActive = true;
    this.hub.tracker.afterTransactionStart({ queryRunner: this } as never);
  }

  commit(): void {
    this.end();
    this.hub.tracker.afterTransactionCommit({ queryRunner: this } as never);
  }

  rollBack(): void {
    this.end();
    this.hub.tracker.afterTransactionRollback({ queryRunner: this } as never);
  }

  append(...positions: number[]): void {
    this.hub.appended(this as unknown as QueryRunner, positions.map(eventAt));
  }

  private end(): void {
    this.depth--;
    this.isTransactionActive = this.depth > 0;
  }
}

/** The key of an event that was rolled back. */
const ROLLED_BACK = 'rolled back';

function eventAt(position: number): AppendedEvent {
  return { position, key: `${position}`, group: 'a', due: [], preclaimed: [] };
}

describe('CommitHub', () => {
  let log: Set<number>;
  let reads: number[][];
  let isAway: boolean;
  let now: number;
  let told: string[];
  let failures: unknown[];
  let hub: CommitHub;
  let runner: Runner;

  const listener = (name = ''): CommitListener => {
    const note = (what: string) => (events: readonly AppendedEvent[]) =>
      void told.push(`${name}${what} ${events.map(({ position }) => position).join(' ')}`);
    return {
      appended: note('appended'),
      reported: (_, events) => note('reported')(events),
      committed: note('committed'),
      undone: note('undone'),
      unknown: note('unknown'),
    };
  };
  const settled = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await hub.flush();
  };

  beforeEach(() => {
    log = new Set();
    reads = [];
    isAway = false;
    now = 0;
    told = [];
    failures = [];
    hub = new CommitHub({
      inLog: async (events) => {
        reads.push(events.map(({ position }) => position));
        if (isAway) throw new Error('away');
        return new Set(events.filter(({ position, key }) => log.has(position) && key !== ROLLED_BACK));
      },
      expiry: 30_000,
      failed: (error) => failures.push(error),
      now: () => now,
    });
    hub.on(listener());
    runner = new Runner(hub);
  });

  it('tells of a commit after a read that shows the events, and not when TypeORM reports it', async () => {
    runner.begin();
    runner.append(1, 2);
    log.add(1).add(2);
    runner.commit();
    expect(told).toEqual(['appended 1 2', 'reported 1 2']);
    await settled();
    expect(told.slice(2)).toEqual(['committed 1 2']);
  });

  it('tells of no commit that was none: the reported events are not in the log', async () => {
    runner.begin();
    runner.append(1, 2);
    log.add(2);
    runner.commit();
    await settled();
    expect(told.slice(2)).toEqual(['committed 2', 'unknown 1']);
  });

  it('undoes what was appended inside of a savepoint with that, and keeps what was appended before it', async () => {
    runner.begin();
    runner.append(1);
    runner.begin();
    runner.append(2);
    runner.rollBack();
    runner.begin();
    runner.append(3);
    log.add(1).add(3);
    runner.commit();
    runner.commit();
    await settled();
    expect(told).toEqual([
      'appended 1',
      'appended 2',
      'undone 2',
      'appended 3',
      'reported 1 3',
      'committed 1 3',
    ]);
  });

  it('undoes everything with a rollback of the whole transaction', async () => {
    runner.begin();
    runner.append(1);
    runner.begin();
    runner.append(2);
    runner.commit();
    runner.rollBack();
    await settled();
    expect(told).toEqual(['appended 1', 'appended 2', 'undone 1 2']);
    expect(reads).toEqual([]);
  });

  it('finds by a look what was committed though nobody reported it', async () => {
    runner.begin();
    runner.append(1);
    await hub.look();
    expect(reads).toEqual([]);
    log.add(1);
    now = 1000;
    await hub.look();
    expect(told).toEqual(['appended 1', 'committed 1']);
  });

  it('gives up what no look shows in the end, and still tells when that is reported later', async () => {
    runner.begin();
    runner.append(1);
    now = 29_000;
    await hub.look();
    expect(told).toEqual(['appended 1']);
    now = 30_000;
    await hub.look();
    expect(told.slice(1)).toEqual(['unknown 1']);
    log.add(1);
    runner.commit();
    await settled();
    expect(told.slice(2)).toEqual(['reported 1', 'committed 1']);
  });

  it('asks again by a look where a read failed', async () => {
    runner.begin();
    runner.append(1);
    log.add(1);
    isAway = true;
    runner.commit();
    await settled();
    expect(told.slice(2)).toEqual([]);
    isAway = false;
    now = 1000;
    await hub.look();
    expect(told.slice(2)).toEqual(['committed 1']);
  });

  it('tells of each commit once, also where a look and a report come together', async () => {
    runner.begin();
    runner.append(1);
    log.add(1);
    now = 1000;
    const look = hub.look();
    runner.commit();
    await look;
    await settled();
    expect(told.filter((line) => line.startsWith('committed'))).toEqual(['committed 1']);
  });

  it('tells of a commit that a claim has shown at once, and once', async () => {
    runner.begin();
    runner.append(1);
    hub.shown({ position: 1, key: 'another' });
    hub.shown({ position: 2, key: '2' });
    expect(told).toEqual(['appended 1']);
    hub.shown({ position: 1, key: '1' });
    hub.shown({ position: 1, key: '1' });
    expect(told).toEqual(['appended 1', 'committed 1']);
    log.add(1);
    runner.commit();
    await settled();
    expect(told.filter((line) => line.startsWith('committed'))).toEqual(['committed 1']);
  });

  it('gives up what was rolled back unseen when its position comes anew', async () => {
    runner.begin();
    const lost = { ...eventAt(1), key: ROLLED_BACK };
    hub.appended(runner as unknown as QueryRunner, [lost]);
    const next = new Runner(hub);
    next.begin();
    next.append(1);
    log.add(1);
    next.commit();
    runner.commit();
    await settled();
    expect(told).toEqual([
      'appended 1',
      'unknown 1',
      'appended 1',
      'reported 1',
      'reported 1',
      'committed 1',
      'unknown 1',
    ]);
  });

  it('proves what is committed while a read is under way by the next one', async () => {
    for (const position of [1, 2, 3]) {
      const each = new Runner(hub);
      each.begin();
      each.append(position);
      log.add(position);
      each.commit();
    }
    await settled();
    expect(reads).toEqual([[1], [2, 3]]);
  });

  it('reads nothing where a commit is of use to nobody', async () => {
    const idle = new CommitHub({
      inLog: () => Promise.reject(new Error('asked')),
      expiry: 1,
      failed: () => undefined,
    });
    idle.on({ ...listener('idle '), patience: () => Infinity });
    const other = new Runner(idle);
    other.begin();
    idle.appended(other as unknown as QueryRunner, [eventAt(1)]);
    other.commit();
    await settled();
    await idle.look();
    expect(told).toEqual(['idle appended 1', 'idle reported 1']);
  });

  it('reads seldom where everybody is patient, and at once when somebody is not any more', async () => {
    let patience = 3_600_000;
    const idle = new CommitHub({
      inLog: async (events) => {
        reads.push(events.map(({ position }) => position));
        return new Set(events);
      },
      expiry: 1,
      failed: () => undefined,
    });
    const committed = new Promise<void>((resolve) => {
      idle.on({
        patience: () => patience,
        committed: (events) => void (events.at(-1)?.position === 4 && resolve()),
      });
    });
    for (const position of [1, 2, 3, 4]) {
      if (position === 4) patience = 0;
      const each = new Runner(idle);
      each.begin();
      each.append(position);
      each.commit();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await committed;
    expect(reads).toEqual([[1], [2, 3, 4]]);
  });

  it('tells the others what one listener throws at, and lets the transaction go on', async () => {
    const thrower = () => {
      throw new Error('a listener');
    };
    hub.on({ appended: thrower, reported: thrower, committed: thrower });
    hub.on(listener('second '));
    runner.begin();
    runner.append(1);
    log.add(1);
    runner.commit();
    await settled();
    expect(told.filter((line) => line.startsWith('second'))).toEqual([
      'second appended 1',
      'second reported 1',
      'second committed 1',
    ]);
    expect(failures).toHaveLength(3);
  });
});
