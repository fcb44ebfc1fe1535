import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { describe } from '../core/describe.js';
import { timerMilliseconds } from '../core/duration.js';
import { nameProblem } from '../core/event-input.js';
import { type EventClass, eventTypeNameOf } from '../core/event-types.js';
import { compilePattern, type GroupPattern } from '../core/group-pattern.js';
import { flag, oneOf, text, whole } from '../core/options/checks.js';
import { maybe, opt, resolved } from '../core/options/declare.js';
import { type RetryPolicy, retryPolicy } from '../core/retry-policy.js';
import type { RecordedEvent } from '../core/event.js';
import type { RetryOptions } from '../core/retry-policy.js';
import type { FollowerId } from '../store/followers/follower-rows.js';
import type { Beforehand } from './beforehand.js';
import { InvalidFollowerError } from './errors.js';
import type { FollowerContext, ResetContext } from './follower-context.js';
import { type EmittedGroups, type FollowerMetadata, onPatternsOf, onResetOf } from './follower.decorator.js';
import { canBothMatch } from './patterns.js';
import { emptied, project, projectionOf } from './projection.js';

/** Bytes of a name, so that the keys of what it collects fit. */
const LONGEST_NAME = 128;

const OPTIONS = {
  follows: maybe((follows: GroupPattern | readonly GroupPattern[]) => follows),
  emits: maybe((emits: EmittedGroups) => emits),
  version: opt(whole(1), 1),
  onError: opt(oneOf('stop', 'skip', 'park'), 'stop'),
  batchSize: opt(whole(1, 10_000), 500),
  rebuildBatchSize: opt(whole(1, 100_000), 2000),
  streams: opt(whole(1, 64), 1),
  stateless: opt(flag, false),
  timeout: maybe(timerMilliseconds),
  retry: maybe((retry: RetryOptions) => retry),
  dataSource: maybe(text),
  from: maybe(text),
};

/** A method that is given events, and of which. */
export interface OnMethod {
  /** `Class.method`, for messages. */
  readonly label: string;
  readonly matches: (group: string) => boolean;
  call(event: RecordedEvent, context: FollowerContext): unknown;
}

/** A follower of this process, its options checked. */
export interface FollowerDefinition extends FollowerId {
  /** The other log that it follows; undefined: that of its DataSource. */
  readonly from?: string | undefined;
  /** The class, for messages. */
  readonly label: string;
  readonly onError: 'stop' | 'skip' | 'park';
  readonly batchSize: number;
  readonly rebuildBatchSize: number;
  /** How many streams it works on at once. */
  readonly streams: number;
  readonly stateless: boolean;
  readonly retry: RetryPolicy;
  /** Milliseconds that its methods have for one event. */
  readonly timeout: number;
  readonly methods: readonly OnMethod[];
  /** Whether any of its methods takes events of the group. */
  takes(group: string): boolean;
  /** What it takes, as patterns. */
  readonly patterns: readonly GroupPattern[];
  /** What it says that it collects; undefined: it says nothing of that. */
  readonly emits: readonly GroupPattern[] | undefined;
  /** Whether events of the group may be collected. */
  mayCollect(group: string): boolean;
  /** The groups that it takes, where its patterns name them one by one; undefined: they cannot be told. */
  readonly groups: readonly string[] | undefined;
  /** What it does with its events before it passes them; then its methods are not called. */
  readonly beforehand?: Beforehand;
  /** Undefined where it has no such method. */
  readonly reset?: { readonly knowsUpstreams: boolean; call(context: ResetContext): unknown };
}

/** For followers that say nothing of it. */
export interface FollowerDefaults {
  readonly retry: RetryPolicy;
  /** Milliseconds. */
  readonly timeout: number;
  /** Other logs that there are, by name. Default: none. */
  readonly upstreams?: readonly string[];
}

/**
 * What a provider with `@Follower` is, with the methods of these names. Throws `InvalidFollowerError`, `UnknownOptionError`
 * or `InvalidOptionError`.
 */
export function followerDefinition(
  instance: object,
  methodNames: readonly string[],
  { name, options }: FollowerMetadata,
  defaults: FollowerDefaults,
): FollowerDefinition {
  const label = instance.constructor.name;
  const where = `@Follower of ${label}`;
  assertName(name, label);
  const {
    follows,
    emits: given,
    retry,
    timeout = defaults.timeout,
    dataSource: _,
    ...checked
  } = resolved(OPTIONS, options, { where });
  assertUpstream(checked.from, label, defaults.upstreams);
  const followed = follows === undefined ? undefined : checkedFollows(follows, label);
  const on = onMethods({ instance, label, followed }, methodNames);
  const projection = projectionOf(instance.constructor);
  const reset = resetOf(instance, methodNames, label) ?? (projection && implied(projection.entity));
  const exact = exactGroups(on.flatMap(({ patterns }) => patterns));
  const isFollowed = matcher(followed);
  const emits = given === undefined ? undefined : emitted(given, label);
  return {
    name,
    label,
    ...checked,
    emits,
    mayCollect: matcher(emits),
    patterns: [...new Set(on.flatMap(({ patterns }) => taken(patterns, followed)))],
    timeout,
    retry: retryPolicy(retry ?? {}, where, defaults.retry),
    methods: projection ? on.map((one) => projecting(one, projection.entity)) : on,
    takes: (group) => on.some(({ matches }) => matches(group)),
    groups: exact?.filter(isFollowed),
    ...(reset ? { reset } : {}),
  };
}

function onMethods(bound: Bound, methodNames: readonly string[]) {
  const prototype = Object.getPrototypeOf(bound.instance) as object;
  const on = methodNames.flatMap((method) => onMethod(bound, method, onPatternsOf(prototype, method)) ?? []);
  if (on.length > 0) return on;
  throw new InvalidFollowerError(
    bound.label,
    'it has no method that takes events. Decorate one or more with @On(pattern).',
  );
}

function checkedFollows(
  follows: GroupPattern | readonly GroupPattern[],
  label: string,
): readonly GroupPattern[] {
  const followed = list(follows).map((pattern) => checkedPattern(pattern, label));
  if (followed.length > 0) return followed;
  throw new InvalidFollowerError(label, 'expected follows to have a pattern or more, got an empty array.');
}

interface Bound {
  instance: object;
  label: string;
  followed: readonly GroupPattern[] | undefined;
}

function onMethod(
  { instance, label, followed }: Bound,
  method: string,
  given: readonly (GroupPattern | EventClass)[],
): (OnMethod & { patterns: readonly GroupPattern[] }) | undefined {
  if (given.length === 0) return undefined;
  const own = `${label}.${method}`;
  const patterns = given.map((pattern) => checkedPattern(eventTypeNameOf(pattern) ?? pattern, own));
  for (const pattern of patterns) {
    if (!followed || followed.some((one) => canBothMatch(one, pattern))) continue;
    throw new InvalidFollowerError(
      own,
      `@On(${describe(pattern)}) can match no event that its follower follows (${followed.map(describe).join(', ')}): add its ` +
        'pattern to follows, or leave follows out.',
    );
  }
  const [isFollowed, isMatched] = [matcher(followed), matcher(patterns)];
  return {
    label: own,
    patterns,
    matches: (group) => isFollowed(group) && isMatched(group),
    call: (event, context) => (instance as Record<string, OnMethod['call']>)[method]!(event, context),
  };
}

/** Of a pattern with wildcards, what is followed says more. */
function taken(
  patterns: readonly GroupPattern[],
  followed: readonly GroupPattern[] | undefined,
): readonly GroupPattern[] {
  return patterns.flatMap((pattern) => {
    const isExact = typeof pattern === 'string' && !pattern.includes('*');
    return isExact || !followed ? [pattern] : followed.filter((one) => canBothMatch(one, pattern));
  });
}

function emitted(given: EmittedGroups, label: string): readonly GroupPattern[] {
  const all = Array.isArray(given) ? (given as readonly unknown[]) : [given];
  return all.map((one) => checkedPattern(eventTypeNameOf(one) ?? one, `${label}, emits`));
}

/** What the method returns is written before it counts as ended. */
function projecting(method: OnMethod, entity: EntityTarget<ObjectLiteral>): OnMethod {
  return {
    ...method,
    call: async (event, context) =>
      project(entity, await method.call(event, context), context.manager, method.label),
  };
}

function implied(entity: EntityTarget<ObjectLiteral>): NonNullable<FollowerDefinition['reset']> {
  return { knowsUpstreams: false, call: ({ manager }) => emptied(entity, manager) };
}

function resetOf(
  instance: object,
  methodNames: readonly string[],
  label: string,
): FollowerDefinition['reset'] {
  const prototype = Object.getPrototypeOf(instance) as object;
  const found = methodNames.flatMap((method) => {
    const options = onResetOf(prototype, method);
    return options ? [{ method, options }] : [];
  });
  if (found.length > 1)
    throw new InvalidFollowerError(
      label,
      `it has ${found.length} methods with @OnReset: expected one at most.`,
    );
  const [one] = found;
  if (!one) return undefined;
  const { upstream } = resolved({ upstream: opt(flag, false) }, one.options, {
    where: `@OnReset of ${label}.${one.method}`,
  });
  return {
    knowsUpstreams: upstream,
    call: (context) => (instance as Record<string, (context: ResetContext) => unknown>)[one.method]!(context),
  };
}

function matcher(patterns: readonly GroupPattern[] | undefined): (group: string) => boolean {
  if (!patterns) return () => true;
  const compiled = patterns.map(compilePattern);
  return (group) => compiled.some((pattern) => pattern.test(group));
}

function exactGroups(patterns: readonly GroupPattern[]): string[] | undefined {
  const texts = patterns.filter(
    (pattern) => typeof pattern === 'string' && !pattern.includes('*'),
  ) as string[];
  return texts.length === patterns.length ? [...new Set(texts)] : undefined;
}

function list(follows: GroupPattern | readonly GroupPattern[]): readonly GroupPattern[] {
  return Array.isArray(follows) ? (follows as readonly GroupPattern[]) : [follows as GroupPattern];
}

function checkedPattern(pattern: unknown, label: string): GroupPattern {
  if (pattern instanceof RegExp || (typeof pattern === 'string' && pattern !== '')) return pattern;
  throw new InvalidFollowerError(
    label,
    `expected its patterns to be RegExps, non-empty strings or, in @On, classes decorated with @EventType, got ${describe(pattern)}.`,
  );
}

function assertName(name: unknown, label: string): void {
  const problem = nameProblem(name, LONGEST_NAME);
  if (problem)
    throw new InvalidFollowerError(
      label,
      `expected its name to be ${problem.expected}, got ${problem.actual}.`,
    );
}

function assertUpstream(from: string | undefined, label: string, known: readonly string[] = []): void {
  if (from === undefined || known.includes(from)) return;
  throw new InvalidFollowerError(
    label,
    `expected from to be one of the upstreams of forRoot (${known.join(', ') || 'there are none'}), got ${describe(from)}. Add it there: ` +
      'upstreams: { name: remoteNotificationLog(url) }.',
  );
}
