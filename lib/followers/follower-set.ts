import { DuplicateFollowerError, UnknownFollowerError } from './errors.js';
import { type FollowerDefaults, type FollowerDefinition, followerDefinition } from './follower-definition.js';
import type { FollowerMetadata } from './follower.decorator.js';

/** The followers of this process, for one DataSource. */
export class FollowerSet {
  private readonly byName = new Map<string, FollowerDefinition>();

  constructor(private readonly defaults: FollowerDefaults) {}

  get all(): readonly FollowerDefinition[] {
    return [...this.byName.values()];
  }

  get size(): number {
    return this.byName.size;
  }

  /** How many streams each of them works on at once. */
  get streams(): readonly number[] {
    return this.all.map(({ streams }) => streams);
  }

  /** Adds a provider with `@Follower`. Throws `InvalidFollowerError`, `UnknownOptionError` or `InvalidOptionError`. */
  add(instance: object, methodNames: readonly string[], metadata: FollowerMetadata): void {
    this.include(followerDefinition(instance, methodNames, metadata, this.defaults));
  }

  /** Adds one that is no provider with `@Follower`. Throws `DuplicateFollowerError`. */
  include(follower: FollowerDefinition): void {
    const other = this.byName.get(follower.name);
    if (other) throw new DuplicateFollowerError(follower.label, other.label, follower.name);
    this.byName.set(follower.name, follower);
  }

  find(name: string): FollowerDefinition | undefined {
    return this.byName.get(name);
  }

  /** Those of these names; all where none are given. Throws `UnknownFollowerError`. */
  named(names: readonly string[] | undefined): readonly FollowerDefinition[] {
    if (!names) return this.all;
    const unknown = names.filter((name) => !this.byName.has(name));
    if (unknown.length > 0) throw new UnknownFollowerError(unknown, [...this.byName.keys()]);
    return [...new Set(names)].map((name) => this.byName.get(name)!);
  }
}
