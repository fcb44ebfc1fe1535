import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource } from 'typeorm';
import { EventSourcingError } from '../../core/errors.js';

const DEFAULT_POOL = 10;

/** Milliseconds that somebody waits for a connection before that is told of. */
const PATIENCE = 5000;

/** A transactional handler asked the library for a second connection where its transaction holds the only one there is. */
export class SecondConnectionError extends EventSourcingError {
  readonly code = 'SECOND_CONNECTION';

  constructor() {
    super(
      'A transactional handler asked for a second connection, but the pool has one, which its transaction holds: it would ' +
        'wait for ever. Use context.manager for everything that it reads and writes, or give the DataSource a larger poolSize.',
    );
  }
}

/** Connections of the DataSource's pool, as far as its options tell; 10 is what the drivers make by default. */
export function poolSize({ options }: DataSource): number {
  const { poolSize: size, extra } = options as {
    poolSize?: number;
    extra?: { max?: number; connectionLimit?: number };
  };
  return extra?.max ?? extra?.connectionLimit ?? size ?? DEFAULT_POOL;
}

/** Knows what runs while it holds the only connection of a pool, and refuses it another; tells of who waits for long. */
export class PoolGuard {
  /** Somebody has been waiting for so many milliseconds: told once until a connection was to be had again. */
  slow: (waited: number) => void = () => undefined;
  private told = false;
  /** Undefined where nobody asks for it: each that is entered makes every promise cost more. */
  private readonly holding?: AsyncLocalStorage<boolean>;

  /** Where there is no pool, all callers share a connection, and there is nothing to wait for. */
  constructor(dataSource: DataSource, pool = false) {
    if (pool && poolSize(dataSource) === 1) this.holding = new AsyncLocalStorage();
  }

  /** Runs a handler whose transaction holds a connection. */
  whileHolding<T>(work: () => T): T {
    return this.holding ? this.holding.run(true, work) : work();
  }

  /** What a connection is waited for with. */
  async watched<T>(connecting: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.tell(), PATIENCE);
    timer.unref();
    try {
      const connection = await connecting;
      this.told = false;
      return connection;
    } finally {
      clearTimeout(timer);
    }
  }

  private tell(): void {
    if (!this.told) this.slow(PATIENCE);
    this.told = true;
  }

  /** Throws `SecondConnectionError` inside of `whileHolding` where the pool has no other connection. */
  assertFree(): void {
    if (this.holding?.getStore()) throw new SecondConnectionError();
  }
}
