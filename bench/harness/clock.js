/**
 * Milliseconds of the machine's monotonic clock: the same for all its processes, and never set. `performance.now()`
 * with `timeOrigin` would depend on the wall clock at the start of each.
 */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
