import type { CallSite } from './call-site.js';

/** Who holds the gate: a query runner, as far as the gate knows it. */
export interface Occupant {
  /** 0 outside of a transaction, 1 in one, more in savepoints. */
  readonly transactionDepth: number;
}

/** One occupant's stay at the connection: of one statement, or from the begin of a transaction to its end. */
export class Hold {
  active = true;
  /** Statements and other work in progress. */
  running = 0;
  /** Keeps the connection also between statements and without a transaction. */
  pinned = false;
  site?: CallSite;
  readonly since = performance.now();
  /** The occupant's depth before the savepoint of this hold. */
  depth: number;
  private readonly endings = new Set<() => void>();

  constructor(
    readonly occupant: Occupant,
    /** A savepoint inside of another's or the occupant's own transaction. */
    readonly nested: boolean,
  ) {
    this.depth = occupant.transactionDepth;
  }

  get hasOpenSavepoint(): boolean {
    return this.nested && this.occupant.transactionDepth > this.depth;
  }

  /** Calls back when this hold ends; the function returned takes that back. */
  onEnd(ending: () => void): () => void {
    this.endings.add(ending);
    return () => this.endings.delete(ending);
  }

  end(): void {
    this.active = false;
    for (const ending of this.endings) ending();
    this.endings.clear();
  }
}
