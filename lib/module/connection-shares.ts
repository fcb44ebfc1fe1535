import type { Database } from '../store/db/database.js';
import { poolSize } from '../store/db/pool.js';

/** Connections that nobody holds for long, where the pool has that many: a method may need another one beside its own. */
const FREE = 2;
/** Followers' transactions at a time, at most; more where one of them works on more streams than that. */
const PASSES = 4;

/**
 * How the pool is shared out among what holds a connection for as long as a method of the application runs: counted together,
 * since methods that wait for a second connection would otherwise wait for each other, for ever.
 */
export class ConnectionShares {
  /** Of the pool, what may be held. Undefined where there is one connection for all, and no pool. */
  private readonly held: number | undefined;

  constructor(
    { dialect, dataSource }: Database,
    /** For each follower, how many streams it works on at once. */
    private readonly followers: () => readonly number[],
  ) {
    this.held = dialect.can.pool ? Math.max(1, poolSize(dataSource) - FREE) : undefined;
  }

  /** Transactions of followers at a time. */
  get passes(): number {
    const wanted = Math.max(PASSES, ...this.followers());
    return this.held === undefined ? 1 : Math.max(1, Math.min(wanted, Math.floor(this.held / 2)));
  }

  /** Transactions of handlers at a time: what followers leave, as many as there are. */
  transactional(concurrency: number): number {
    if (this.held === undefined) return 1;
    const wanted = this.followers().reduce((sum, streams) => sum + streams, 0);
    return Math.max(1, Math.min(concurrency, this.held - Math.min(this.passes, wanted)));
  }
}
