import { LeaseKeeper, type LeaseKeeperParts } from '../../../lib/handlers/lease-keeper.js';
import type { WorkerLeases } from '../../../lib/store/worker-leases.js';
import { deferred } from '../../support/deferred.js';

const keeper = (extend: () => Promise<boolean>, parts: Partial<LeaseKeeperParts> = {}) => {
  const lost = deferred();
  const leases = {
    register: async () => 17,
    extend,
    remove: async () => undefined,
  } as unknown as WorkerLeases;
  const control = (work: (sql: never) => Promise<unknown>) => work(undefined as never);
  const kept = new LeaseKeeper({
    leases,
    control: control as LeaseKeeperParts['control'],
    lease: 60,
    lost: () => lost.resolve(),
    failed: () => undefined,
    ...parts,
  });
  // Its timers keep no process alive; here something has to.
  const alive = setInterval(() => undefined, 1000);
  return { kept, lost: lost.promise, end: () => (clearInterval(alive), kept.release()) };
};

describe('LeaseKeeper', () => {
  it('extends the lease again and again', async () => {
    const fifth = deferred();
    let beats = 0;
    const { kept, end } = keeper(async () => (++beats === 5 && fifth.resolve(), true));
    expect(await kept.acquire()).toBe(17);
    await fifth.promise;
    expect(kept.holds(17)).toBe(true);
    await end();
    expect(kept.holds(17)).toBe(false);
  });

  it('tells when somebody has taken the lease away', async () => {
    const { kept, lost, end } = keeper(async () => false);
    await kept.acquire();
    await lost;
    expect(kept.holds(17)).toBe(false);
    await end();
  });

  it('goes on through failures for as long as the lease lasts, then takes it for lost', async () => {
    const failures: unknown[] = [];
    const extend = async (): Promise<boolean> => {
      throw new Error('no route to host');
    };
    const { kept, lost, end } = keeper(extend, { failed: (error) => failures.push(error) });
    await kept.acquire();
    await lost;
    expect(failures.length).toBeGreaterThan(1);
    await end();
  });

  it('takes the lease for lost when the database does not answer at all', async () => {
    const { kept, lost, end } = keeper(() => new Promise(() => undefined));
    await kept.acquire();
    await lost;
    await end();
  });
});
