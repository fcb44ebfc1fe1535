import type { DataSource, QueryRunner } from 'typeorm';
import { HeldConnection } from '../../../../lib/store/db/held-connection.js';
import { deferred } from '../../../support/deferred.js';

interface Fake {
  isReleased: boolean;
  release(): Promise<void>;
}

describe('HeldConnection', () => {
  let made: Fake[];
  let abandoned: unknown[];
  let held: HeldConnection;
  let isDestroyed: boolean;

  beforeEach(() => {
    made = [];
    abandoned = [];
    isDestroyed = false;
    const dataSource = {
      createQueryRunner: () => {
        const runner = { isReleased: false, release: async () => void (runner.isReleased = true) };
        made.push(runner);
        return runner;
      },
      destroy: async () => void (isDestroyed = true),
    };
    held = new HeldConnection(
      dataSource as unknown as DataSource,
      async (runner) => void abandoned.push(runner),
    );
  });

  const runnerUsed = () => held.use(async (runner) => runner);

  it('is the same for all uses, which take turns', async () => {
    const first = deferred<void>();
    const order: string[] = [];
    const uses = [
      held.use(async () => {
        await first.promise;
        order.push('first');
      }),
      held.use(async () => void order.push('second')),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    first.resolve();
    await Promise.all(uses);
    expect(order).toEqual(['first', 'second']);
    expect(await runnerUsed()).toBe(await runnerUsed());
    expect(made).toHaveLength(1);
  });

  it('is given back after a use that failed, and the next use takes one', async () => {
    const failing = held.use(() => Promise.reject(new Error('no answer')));
    const next = runnerUsed();
    await expect(failing).rejects.toThrow('no answer');
    expect(await next).toBe(made[1]);
    expect(made.map(({ isReleased }) => isReleased)).toEqual([true, false]);
  });

  it('is taken anew when it has released itself', async () => {
    const runner: QueryRunner & Fake = await runnerUsed();
    await runner.release();
    expect(await runnerUsed()).toBe(made[1]);
  });

  it('ends with what is under way on it', async () => {
    const answer = deferred<void>();
    const use = held.use(() => answer.promise);
    await new Promise((resolve) => setImmediate(resolve));
    await held.end();
    expect(abandoned).toEqual([made[0]]);
    expect(made[0]!.isReleased).toBe(true);
    expect(isDestroyed).toBe(true);
    answer.reject(new Error('the connection ended'));
    await expect(use).rejects.toThrow('the connection ended');
  });
});
