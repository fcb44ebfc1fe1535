/** A stretch of the log that a pass goes over, in some of its follower's upstreams. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly upstreams: readonly string[];
}
