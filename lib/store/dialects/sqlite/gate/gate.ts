import { AsyncLocalStorage } from 'node:async_hooks';
import { Breath } from './breath.js';
import type { CallSite } from './call-site.js';
import { SqliteGateTimeoutError } from './errors.js';
import { Hold, type Occupant } from './hold.js';
import type { SqliteConnection } from './sqlite-runner.js';

/** What an occupant wants to enter for. */
export interface Purpose {
  /** A transaction or savepoint begins. */
  transaction?: boolean;
  /** For the error of those who wait for it. */
  site?: CallSite;
}

interface Entry extends Purpose {
  occupant: Occupant;
  /** The hold inside of which the caller works: the hold cannot end before the caller goes on. */
  scope: Hold | undefined;
}

interface Waiter {
  entry: Entry;
  admit(hold: Hold): void;
}

/**
 * Admits statements to the one connection: first come, first served, each for its own duration, and a transaction's
 * from its begin to its end. On top of a transaction its savepoints are stacked; only the topmost goes on.
 */
export class Gate {
  private readonly scopes = new AsyncLocalStorage<Hold>();
  private readonly stack: Hold[] = [];
  private readonly waiting = new Set<Waiter>();
  private readonly breath = new Breath();
  /** The hold whose statement began the connection's transaction. */
  private owner: Hold | undefined;

  constructor(
    private readonly connection: () => SqliteConnection | undefined,
    readonly waitLimit: number,
  ) {}

  /** Whether the connection is in a transaction. */
  get inTransaction(): boolean {
    const connection = this.connection();
    return connection?.open === true && connection.inTransaction;
  }

  /** The hold that the caller works inside of, as long as it lasts. */
  get scope(): Hold | undefined {
    const scope = this.scopes.getStore();
    return scope?.active ? scope : undefined;
  }

  /** The hold of the transaction that is open on the connection. */
  get transaction(): Hold | undefined {
    return this.owner;
  }

  /** Runs `work` inside of the occupant's hold: what it calls may pass, whatever its own occupant is. */
  inside<T>(occupant: Occupant, work: () => T): T {
    const hold = this.stack.findLast((each) => each.occupant === occupant);
    return hold ? this.scopes.run(hold, work) : work();
  }

  /** The occupant's outermost hold that is a transaction or savepoint. */
  transactionOf(occupant: Occupant): Hold | undefined {
    return this.stack.find((hold) => hold.occupant === occupant && (hold.nested || hold === this.owner));
  }

  /** The hold when the occupant may go on, until `leave`; at once when it may; `SqliteGateTimeoutError` when one holder stays beyond the limit. */
  enter(occupant: Occupant, { transaction, site }: Purpose = {}): Hold | Promise<Hold> {
    const entry = { transaction, site, occupant, scope: this.scope };
    if (!this.admits(entry)) return this.wait(entry).then((hold) => this.afterBreath(hold));
    return this.afterBreath(this.admit(entry));
  }

  private afterBreath(hold: Hold): Hold | Promise<Hold> {
    return this.breath.take()?.then(() => hold) ?? hold;
  }

  /** Takes over an occupant whose transaction, if one is open, began before there was a gate. */
  adopt(occupant: Occupant): void {
    const hold = this.admit({ occupant, scope: undefined });
    this.executed(hold);
    this.leave(hold);
  }

  leave(hold: Hold): void {
    hold.running -= 1;
    this.settle();
  }

  /** To be called right after each statement: whose transaction it is follows from the connection's own state. */
  executed(hold: Hold): void {
    const began = this.owner === undefined;
    this.owner = this.inTransaction ? (this.owner ?? hold) : undefined;
    // A statement that the occupant sent without awaiting the one that began the transaction is in the queue.
    if (began && this.owner) this.admitWaiters();
  }

  /** Ends the holds that nothing keeps any more, and lets in who waited for that. */
  settle(): void {
    const ended = this.stack.filter((hold) => !this.keeps(hold));
    if (ended.length > 0) this.end(ended);
  }

  /** Ends this hold and what is stacked on it, whatever they are doing. */
  evict(hold: Hold): void {
    if (this.owner === hold) this.owner = undefined;
    if (hold.active) this.end(this.stack.slice(this.stack.indexOf(hold)));
  }

  /** The connection was closed. */
  reset(): void {
    this.owner = undefined;
    this.end([...this.stack]);
  }

  private keeps(hold: Hold): boolean {
    if (hold.running > 0 || hold.pinned || hold === this.owner) return true;
    return this.owner !== undefined && hold.hasOpenSavepoint;
  }

  private end(ended: Hold[]): void {
    for (const hold of ended) {
      this.stack.splice(this.stack.indexOf(hold), 1);
      hold.end();
    }
    this.admitWaiters();
  }

  private admits({ occupant, scope }: Entry): boolean {
    const top = this.stack.at(-1);
    return !top || top === scope || top.occupant === occupant;
  }

  private admit({ occupant, transaction, site }: Entry): Hold {
    const nested = transaction === true && this.owner !== undefined;
    let hold = this.stack.at(-1);
    if (!hold || hold.occupant !== occupant || nested) this.stack.push((hold = new Hold(occupant, nested)));
    hold.site ??= site;
    hold.running += 1;
    return hold;
  }

  private admitWaiters(): void {
    for (const waiter of this.waiting) {
      if (!this.admits(waiter.entry)) continue;
      const first = this.stack.length === 0;
      this.waiting.delete(waiter);
      waiter.admit(this.admit(waiter.entry));
      // Nobody else can be inside of a hold that has just begun.
      if (first) return;
    }
  }

  private wait(entry: Entry): Promise<Hold> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const admit = (hold: Hold) => {
        clearTimeout(timer);
        resolve(hold);
      };
      const waiter: Waiter = { entry, admit };
      const expire = () => {
        const left = this.waitLimit - this.heldFor;
        // A long queue that moves on is no reason to fail: one holder that stays is.
        if (left > 1) return (timer = setTimeout(expire, left));
        this.waiting.delete(waiter);
        reject(this.timeout());
      };
      timer = setTimeout(expire, this.waitLimit);
      this.waiting.add(waiter);
    });
  }

  private timeout(): SqliteGateTimeoutError {
    const holder = this.stack.at(-1);
    const site = holder?.site?.toString() ?? '    a statement outside of a transaction';
    return new SqliteGateTimeoutError(this.waitLimit, site, this.heldFor);
  }

  /** Milliseconds for which the one in front has stayed. */
  private get heldFor(): number {
    const holder = this.stack.at(-1);
    return holder ? performance.now() - holder.since : 0;
  }
}
