import fc from 'fast-check';
import {
  activate,
  advanceFill,
  deactivate,
  isCovered,
  isLeftToFill,
  isLeftToReconcile,
  matchedAlready,
  needsReconciling,
  NO_COVERAGE,
  startFill,
} from '../../../../lib/store/registry/coverage.js';
import { CoverageWorld } from '../coverage-world.js';

const at = (position: number, registryVersion: number) => ({ position, registryVersion });

describe('the coverage of a pattern', () => {
  const active = activate(NO_COVERAGE, 5, 100);

  it('has matched what a writer recorded that knew the pattern', () => {
    expect(matchedAlready(active, at(50, 5))).toBe(true);
    expect(matchedAlready(active, at(150, 6))).toBe(true);
    expect(matchedAlready(active, at(150, 4))).toBe(false);
  });

  it('leaves to the reconciler what a writer recorded later that did not know it', () => {
    expect(needsReconciling(active, at(101, 4))).toBe(true);
    expect(needsReconciling(active, at(100, 4))).toBe(false);
    expect(needsReconciling(active, at(101, 5))).toBe(false);
    expect(needsReconciling(NO_COVERAGE, at(101, 4))).toBe(false);
  });

  it('covers nothing from before it was active', () => {
    expect(isCovered(active, at(100, 4))).toBe(false);
    expect(isCovered(active, at(101, 4))).toBe(true);
  });

  it('is not activated twice', () => {
    expect(activate(active, 9, 900)).toBe(active);
  });

  it('keeps what it covered when it is deactivated, and covers nothing more', () => {
    const left = deactivate(active, 7, 200);
    expect(left.active).toBeUndefined();
    expect(matchedAlready(left, at(500, 6))).toBe(true);
    expect(matchedAlready(left, at(500, 7))).toBe(false);
    expect(isCovered(left, at(200, 4))).toBe(true);
    expect(isCovered(left, at(201, 4))).toBe(false);
    expect(deactivate(left, 8, 300)).toBe(left);
  });

  it('is deactivated no earlier than it was activated', () => {
    expect(deactivate(active, 7, 20).periods).toEqual([
      { version: 5, after: 100, untilVersion: 7, upTo: 100 },
    ]);
  });

  it('fills what it missed when it returns', () => {
    const back = activate(deactivate(active, 7, 200), 9, 300);
    expect(back.active).toEqual({ version: 9, after: 300 });
    expect(back.fill).toEqual({ cursor: 200, upTo: 300 });
  });

  it('fills nothing when it returns before anything happened', () => {
    expect(activate(deactivate(active, 7, 200), 9, 200).fill).toBeUndefined();
  });

  it('counts what a backfill passed as matched, in ranges that grow together', () => {
    let coverage = startFill(active, 0, 100);
    coverage = advanceFill(coverage, 40);
    expect(coverage).toMatchObject({ filled: [[0, 40]], fill: { cursor: 40, upTo: 100 } });
    coverage = advanceFill(coverage, 100);
    expect(coverage).toMatchObject({ filled: [[0, 100]] });
    expect(coverage.fill).toBeUndefined();
    expect([0, 1, 100, 101].map((position) => matchedAlready(coverage, at(position, 1)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(advanceFill(coverage, 7)).toBe(coverage);
  });

  it('keeps ranges apart that do not touch', () => {
    const once = advanceFill(startFill(active, 50, 60), 60);
    const twice = advanceFill(startFill(once, 10, 20), 20);
    expect(twice.filled).toEqual([
      [10, 20],
      [50, 60],
    ]);
  });

  it('joins a backfill with the one that is under way, and starts none of nothing', () => {
    const under = startFill(active, 40, 100);
    expect(startFill(under, 10, 90).fill).toEqual({ cursor: 10, upTo: 100 });
    expect(startFill(active, 100, 100)).toBe(active);
  });

  it('does not change the coverage that it is given', () => {
    const before = JSON.stringify(active);
    deactivate(active, 7, 200);
    advanceFill(startFill(active, 0, 100), 50);
    expect(JSON.stringify(active)).toBe(before);
    expect(NO_COVERAGE).toEqual({ periods: [], filled: [] });
  });
});

describe('the coverage of a handler with several patterns', () => {
  const known = activate(NO_COVERAGE, 2, 10);
  const late = activate(NO_COVERAGE, 5, 100);

  it('leaves nothing to reconcile that another of its patterns has matched', () => {
    expect(isLeftToReconcile([known, late], at(120, 3))).toBe(false);
    expect(isLeftToReconcile([late], at(120, 3))).toBe(true);
    expect(isLeftToReconcile([known, late], at(120, 1))).toBe(true);
    expect(isLeftToReconcile([], at(120, 1))).toBe(false);
  });

  it('leaves nothing to fill that another of its patterns covers', () => {
    expect(isLeftToFill([known, late], at(50, 1))).toBe(false);
    expect(isLeftToFill([late], at(50, 1))).toBe(true);
  });
});

describe('every interleaving of writers, reconciler, expiry, return and backfill', () => {
  const PATTERNS = 3;
  const WRITERS = 2;
  const pattern = fc.nat(PATTERNS - 1);
  const writer = fc.nat(WRITERS - 1);
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constant('write' as const), writer, fc.subarray([0, 1, 2]), fc.boolean()),
    },
    { weight: 2, arbitrary: fc.tuple(fc.constant('refresh' as const), writer) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('commit' as const)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('activate' as const), pattern, fc.nat(3)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('deactivate' as const), pattern) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('reconcile' as const), fc.integer({ min: 1, max: 8 })) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('fill' as const), pattern, fc.integer({ min: 1, max: 8 })) },
  );
  const backfill = fc.tuple(fc.constant('backfill' as const), pattern, fc.nat(20));

  function play(steps: readonly (readonly [string, ...unknown[]])[]): CoverageWorld {
    const world = new CoverageWorld(PATTERNS, WRITERS);
    for (const [name, ...rest] of steps) (world[name as 'write'] as (...args: unknown[]) => void)(...rest);
    world.settle();
    return world;
  }

  it('gives each matching event since the first activation exactly one delivery', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { events, wantedFrom } = play(steps);
        for (const { position, matches, deliveries } of events) {
          const wanted = wantedFrom.some(
            (from, each) => from !== undefined && position > from && matches.has(each),
          );
          if (wanted) expect({ position, deliveries }).toEqual({ position, deliveries: 1 });
          else expect(deliveries).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('gives each matching event exactly one delivery when everything is backfilled, and no event two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: backfill }), {
          maxLength: 60,
        }),
        (steps) => {
          const world = play(steps);
          const started = world.patterns.map((_, each) => world.wantedFrom[each] !== undefined);
          for (const each of [0, 1, 2]) world.backfill(each, 0);
          for (const each of [0, 1, 2]) world.fill(each, Infinity);
          for (const { position, matches, deliveries } of world.events) {
            const wanted = started.some((is, each) => is && matches.has(each));
            expect({ position, deliveries }).toEqual({ position, deliveries: wanted ? 1 : 0 });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
