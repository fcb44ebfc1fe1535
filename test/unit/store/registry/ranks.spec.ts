import { NO_COVERAGE } from '../../../../lib/store/registry/coverage.js';
import { GroupTargets } from '../../../../lib/store/registry/group-targets.js';
import type { KnownHandler } from '../../../../lib/store/registry/known-handler.js';
import { promotable, targetsAmong, type Unattempted } from '../../../../lib/store/registry/ranks.js';

const LEASE = 1000;

const handler = (id: number, rank: number, paused = false, ordered = false): KnownHandler => ({
  id,
  name: `${id}`,
  formerNames: [],
  rank,
  retired: false,
  paused,
  ordered,
  keyed: ordered,
  patterns: [],
});

const waits = (...handlers: KnownHandler[]) => targetsAmong(handlers, LEASE).map(({ wait }) => wait ?? 0);

const open = (rank: number, values: Partial<Unattempted> = {}): Unattempted => ({
  handlerId: rank,
  position: 1,
  rank,
  running: false,
  dueIn: LEASE,
  ...values,
});

const promoted = (...deliveries: Unattempted[]) =>
  promotable(deliveries, LEASE).map(({ position, rank }) => [position, rank]);

describe('targetsAmong', () => {
  it('puts nothing off where there is one rank, whichever that is', () => {
    expect(targetsAmong([handler(1, 1000), handler(2, 1000)], LEASE)).toEqual([
      { id: 1, rank: 1000, ordered: false },
      { id: 2, rank: 1000, ordered: false },
    ]);
    expect(waits(handler(1, 0), handler(2, 0))).toEqual([0, 0]);
    expect(waits(handler(1, 3))).toEqual([0]);
    expect(waits()).toEqual([]);
  });

  it('puts those on the class off by a lease for each before them, all others by one', () => {
    expect(waits(handler(1, 1000), handler(2, 2), handler(3, 0), handler(4, 1), handler(5, 1000))).toEqual([
      LEASE,
      2 * LEASE,
      0,
      LEASE,
      LEASE,
    ]);
  });

  it('lets an ordered one neither wait nor be waited for', () => {
    expect(
      waits(handler(1, 0), handler(2, 1, false, true), handler(3, 2), handler(4, 1000, false, true)),
    ).toEqual([0, 0, LEASE, 0]);
    expect(waits(handler(1, 0, false, true), handler(2, 1000))).toEqual([0, 0]);
  });

  it('lets nobody wait for one that is paused', () => {
    expect(waits(handler(1, 0, true), handler(2, 1), handler(3, 1000))).toEqual([0, 0, LEASE]);
    expect(waits(handler(1, 0), handler(2, 1, true), handler(3, 2))).toEqual([0, LEASE, LEASE]);
  });
});

describe('GroupTargets', () => {
  const matching = (known: KnownHandler, regexp: RegExp, active = true): KnownHandler => {
    const coverage = { ...NO_COVERAGE, ...(active ? { active: { version: 1, after: 0 } } : {}) };
    const pattern = { id: known.id, source: regexp.source, flags: '', heartbeatAt: 0, regexp, coverage };
    return { ...known, patterns: [pattern] };
  };
  const targets = new GroupTargets(
    [
      matching(handler(1, 0), /^made$/),
      matching(handler(2, 1, false, true), /^made$/),
      matching(handler(3, 1000), /./),
      matching(handler(4, 1000, true), /./),
      matching(handler(5, 0), /./, false),
    ],
    LEASE,
  );

  it('are the handlers that collect events of the group', () => {
    expect(targets.of('made').map(({ id, wait }) => [id, wait ?? 0])).toEqual([
      [1, 0],
      [2, 0],
      [3, LEASE],
      [4, LEASE],
    ]);
    expect(targets.of('plain').map(({ id, wait }) => [id, wait ?? 0])).toEqual([
      [3, 0],
      [4, 0],
    ]);
  });

  it('name those in whose order others wait, for one for which some do', () => {
    expect(targets.rankedBehind(1, 'made')).toEqual([1, 3]);
    // It has gone since, and what it had is settled now.
    expect(targets.rankedBehind(5, 'made')).toEqual([1, 3]);
    for (const id of [2, 3, 4, 99]) expect(targets.rankedBehind(id, 'made')).toEqual([]);
    for (const id of [1, 3, 5]) expect(targets.rankedBehind(id, 'plain')).toEqual([]);
  });
});

describe('promotable', () => {
  it('are those of the lowest rank that is left, event by event', () => {
    expect(promoted(open(1000), open(1), open(1))).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(promoted(open(0, { dueIn: 0 }), open(1), open(1000, { position: 2 }))).toEqual([[2, 1000]]);
    expect(promoted()).toEqual([]);
  });

  it('are not those that run, or are due', () => {
    expect(promoted(open(0, { dueIn: 0 }), open(0, { running: true }), open(0))).toEqual([[1, 0]]);
  });

  it('wait for one that has been due for less than a lease', () => {
    expect(promoted(open(0, { dueIn: 1 - LEASE, running: true }), open(1))).toEqual([]);
    expect(promoted(open(0, { dueIn: -LEASE, running: true }), open(1))).toEqual([[1, 1]]);
  });
});
