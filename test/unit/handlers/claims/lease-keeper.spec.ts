import { jest } from '@jest/globals';
import { ShutdownError } from '../../../../lib/handlers/errors.js';
import { LeaseKeeper, type LeaseKeeperParts } from '../../../../lib/handlers/claims/lease-keeper.js';
import type { WorkerLeases } from '../../../../lib/store/deliveries/worker-leases.js';
import { deferred } from '../../../support/deferred.js';

const keeper = (
  extend: () => Promise<boolean>,
  parts: Partial<LeaseKeeperParts> = {},
  register = async () => 17,
) => {
  const lost = deferred();
  const leases = {
    register,
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
  return { kept, lost: lost.promise, end: () => kept.release() };
};

const pass = (milliseconds: number) => jest.advanceTimersByTimeAsync(milliseconds);

describe('LeaseKeeper', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => void jest.useRealTimers());

  it('extends the lease again and again', async () => {
    let beats = 0;
    const { kept, end } = keeper(async () => ++beats > 0);
    expect(await kept.acquire()).toBe(17);
    await pass(100);
    expect(beats).toBe(5);
    expect(kept.holds(17)).toBe(true);
    await end();
    expect(kept.holds(17)).toBe(false);
  });

  it('tells when somebody has taken the lease away', async () => {
    const { kept, lost, end } = keeper(async () => false);
    await kept.acquire();
    await pass(20);
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
    await pass(59);
    expect(kept.holds(17)).toBe(true);
    expect(failures).toHaveLength(2);
    await pass(1);
    await lost;
    expect(failures).toHaveLength(3);
    await end();
  });

  it('takes no lease after it gave its own up, and extends none that was asked for before', async () => {
    const registered = deferred<number>();
    let beats = 0;
    const { kept, end } = keeper(
      async () => ++beats > 0,
      {},
      () => registered.promise,
    );
    const asked = kept.acquire();
    await kept.release();
    registered.resolve(17);
    await expect(asked).rejects.toThrow(ShutdownError);
    await expect(kept.acquire()).rejects.toThrow(ShutdownError);
    expect(kept.holds(17)).toBe(false);
    expect(kept.hasLapsed(17)).toBe(true);
    kept.renew();
    expect(beats).toBe(0);
    await end();
  });

  it('says nothing of a heartbeat that fails since the lease was given up', async () => {
    const failures: unknown[] = [];
    const beaten = deferred();
    const answer = deferred<boolean>();
    const extend = () => (beaten.resolve(), answer.promise);
    const { kept, end } = keeper(extend, { failed: (error) => failures.push(error) });
    await kept.acquire();
    await pass(20);
    await beaten.promise;
    await kept.release();
    answer.reject(new Error('the connection was closed'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toEqual([]);
    await end();
  });

  it('takes the lease for lost when the database does not answer at all', async () => {
    const { kept, lost, end } = keeper(() => new Promise(() => undefined));
    await kept.acquire();
    await pass(59);
    expect(kept.holds(17)).toBe(true);
    await pass(1);
    await lost;
    await end();
  });
});
