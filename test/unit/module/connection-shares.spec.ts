import { ConnectionShares } from '../../../lib/module/connection-shares.js';
import type { Database } from '../../../lib/store/db/database.js';

function shares(poolSize: number | undefined, streams: readonly number[]) {
  const can = poolSize === undefined ? {} : { pool: true };
  const database = { dialect: { can }, dataSource: { options: { poolSize } } };
  return new ConnectionShares(database as unknown as Database, () => streams);
}

describe('the shares of a pool', () => {
  it.each([
    [10, [], 4, 8],
    [10, [1], 4, 7],
    [10, [1, 1, 1, 1, 1], 4, 4],
    [10, [8], 4, 4],
    [20, [8], 8, 10],
    [40, [8], 8, 30],
    [40, [2, 8], 8, 30],
    [40, [2], 4, 36],
    [1, [8], 1, 1],
    [3, [8], 1, 1],
    [undefined, [8], 1, 1],
  ])(
    'of %p connections with followers of %j streams: %i passes, %i handlers',
    (size, streams, passes, rest) => {
      const of = shares(size, streams);
      expect([of.passes, of.transactional(100)]).toEqual([passes, rest]);
      // Two stay free, where there are that many.
      if (size !== undefined && size > 3 && streams.length > 0)
        expect(
          Math.min(
            passes,
            streams.reduce((sum, one) => sum + one),
          ) + rest,
        ).toBeLessThanOrEqual(size - 2);
    },
  );
});
