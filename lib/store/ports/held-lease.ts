/** A lease that this process has, extended by a timer for as long as it is held. */
export interface HeldLease {
  /**
   * False when another process may have it by now. The database is asked where a quarter of the lease has gone, as after
   * the process stood still: ask before each step.
   */
  keep(): Promise<boolean>;
}
