/** A group of events, or a pattern that stands for groups. */
export interface GraphGroup {
  readonly kind: 'group';
  /** The group or the pattern; a RegExp as it is written. */
  readonly name: string;
}

export interface GraphFollower {
  readonly kind: 'follower';
  readonly name: string;
  /** Whether this process has it: of others nobody knows here what they take. */
  readonly isHere: boolean;
}

/** Events of the group go into the follower. */
export interface TakesEdge {
  readonly kind: 'takes';
  readonly group: string;
  readonly follower: string;
}

/** The follower collects events of the group. */
export interface CollectsEdge {
  readonly kind: 'collects';
  readonly follower: string;
  readonly group: string;
  /** `'declared'`: by `emits` of `@Follower`; `'recorded'`: the log has such events of it. */
  readonly known: 'declared' | 'recorded';
}

/** One follower takes what another, or itself, collects. */
export interface FollowsEdge {
  readonly kind: 'follows';
  readonly follower: string;
  /** The follower that collects. */
  readonly of: string;
  /** What it collects that may be taken. */
  readonly groups: readonly string[];
}
