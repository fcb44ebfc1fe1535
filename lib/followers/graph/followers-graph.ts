import type { GroupPattern } from '../../core/group-pattern.js';
import type { FollowerDefinition } from '../follower-definition.js';
import { canBothMatch } from '../patterns.js';
import { loopsOf } from './loops.js';
import { mermaidOf } from './mermaid.js';
import type { CollectsEdge, FollowsEdge, GraphFollower, GraphGroup, TakesEdge } from './nodes.js';

/** What is known of one follower. */
export interface GraphSource {
  readonly name: string;
  /** Undefined: it is a follower of other processes. */
  readonly takes?: readonly GroupPattern[];
  /** Whether it takes events of exactly this group. */
  readonly takesGroup?: (group: string) => boolean;
  /** What it takes is in another log. Default false. */
  readonly isElsewhere?: boolean;
  readonly emits: readonly GroupPattern[];
  readonly recorded: readonly string[];
}

/** `own`: what it says of itself, where this process has it; `recorded`: the groups of what it has collected, as the log shows. */
export function graphSource(
  name: string,
  own: FollowerDefinition | undefined,
  recorded: readonly string[],
): GraphSource {
  if (!own) return { name, emits: [], recorded };
  const { from, patterns, emits = [] } = own;
  // What is collected here is not in another log.
  if (from !== undefined)
    return {
      name,
      takes: patterns.map((one) => `${from}: ${String(one)}`),
      isElsewhere: true,
      emits,
      recorded,
    };
  return { name, takes: patterns, takesGroup: own.takes, emits, recorded };
}

/** Followers, the groups of events between them, and who follows whom. Made by `Followers.graph()`; as JSON it is its data. */
export class FollowersGraph {
  readonly nodes: readonly (GraphFollower | GraphGroup)[];
  readonly edges: readonly (TakesEdge | CollectsEdge | FollowsEdge)[];
  /** Followers that follow themselves, by way of each other or directly: each loop has to come to an end by itself. */
  readonly loops: readonly (readonly string[])[];

  constructor(sources: readonly GraphSource[]) {
    const collects = sources.flatMap(collectsOf);
    const takes = sources.flatMap((source) => takesOf(source, sources));
    const follows = sources.flatMap((source) => followsOf(source, sources));
    const groups = new Set([...takes, ...collects].map(({ group }) => group));
    this.nodes = [
      ...sources.map(({ name, takes: known }) => ({
        kind: 'follower' as const,
        name,
        isHere: known !== undefined,
      })),
      ...[...groups].map((name) => ({ kind: 'group' as const, name })),
    ];
    this.edges = [...takes, ...collects, ...follows];
    this.loops = loopsOf(
      sources.map(({ name }) => name),
      follows.map(({ follower, of }) => [of, follower]),
    );
  }

  /**
   * The graph as text of Mermaid (https://mermaid.js.org): groups lead into followers, and followers into what they collect, dotted where
   * that is not declared. A follower in a dashed box is one of other processes.
   */
  toMermaid(): string {
    return mermaidOf(this);
  }
}

/** What a source collects, each group once, as it was declared where both are known. */
function collectedBy({ emits, recorded }: GraphSource): { pattern: GroupPattern; isDeclared: boolean }[] {
  const undeclared = recorded.filter((group) => !emits.some((pattern) => canBothMatch(pattern, group)));
  return [
    ...emits.map((pattern) => ({ pattern, isDeclared: true })),
    ...undeclared.map((pattern) => ({ pattern, isDeclared: false })),
  ];
}

function collectsOf(source: GraphSource): CollectsEdge[] {
  return collectedBy(source).map(({ pattern, isDeclared }) => ({
    kind: 'collects',
    follower: source.name,
    group: String(pattern),
    known: isDeclared ? 'declared' : 'recorded',
  }));
}

/** Its own patterns, and what others collect that these may match. */
function takesOf(source: GraphSource, all: readonly GraphSource[]): TakesEdge[] {
  const own = (source.takes ?? []).map(String);
  const others = all
    .flatMap(collectedBy)
    .filter(({ pattern }) => mayTake(source, pattern))
    .map(({ pattern }) => String(pattern));
  return [...new Set([...own, ...others])].map((group) => ({ kind: 'takes', group, follower: source.name }));
}

function followsOf(source: GraphSource, all: readonly GraphSource[]): FollowsEdge[] {
  return all.flatMap((other) => {
    const taken = collectedBy(other).filter(({ pattern }) => mayTake(source, pattern));
    const groups = [...new Set(taken.map(({ pattern }) => String(pattern)))];
    return groups.length === 0
      ? []
      : [{ kind: 'follows' as const, follower: source.name, of: other.name, groups }];
  });
}

function mayTake(
  { takes = [], takesGroup, isElsewhere = false }: GraphSource,
  pattern: GroupPattern,
): boolean {
  if (isElsewhere) return false;
  if (typeof pattern === 'string' && !pattern.includes('*')) return takesGroup?.(pattern) ?? false;
  return takes.some((one) => canBothMatch(one, pattern));
}
