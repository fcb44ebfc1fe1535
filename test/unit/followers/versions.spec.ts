import { boundOf, isRebuilding, mayTakeOver, obstacleOf } from '../../../lib/followers/versions.js';
import type { FollowerRow } from '../../../lib/store/followers/follower-rows.js';

const ACTIVE = { version: 1, highest: 1, front: 10, isPaused: false, isOwned: true, parked: 0 };

function row(changes: Partial<FollowerRow> = {}, position = 10): FollowerRow {
  return {
    ...{ name: 'A', version: 2, owner: undefined, isOwned: false, isPaused: false, isStopped: false },
    ...{ starts: 0, suspectUntil: undefined, failure: undefined, revision: 0, parked: 0 },
    ...{ parkedDueIn: undefined, toSkip: 0, skipped: 0, active: ACTIVE },
    upstreams: [{ upstream: '', position, replayUntil: 0 }],
    ahead: undefined,
    ...changes,
  };
}

const failure = { position: 11, attempts: 1, error: '', failedAt: 0, retryIn: 0 };

describe('a version of a follower', () => {
  it('goes no further than the active one', () => {
    expect([boundOf(row(), 20), boundOf(row(), 5), boundOf(row({ active: undefined }), 20)]).toEqual([
      10, 5, 20,
    ]);
  });

  it('takes the place of the active one by itself where it is higher than any that was, else when asked', () => {
    expect([mayTakeOver(row()), mayTakeOver(row({}, 9)), mayTakeOver(row({ active: undefined }))]).toEqual([
      true,
      false,
      false,
    ]);
    const left = row({ active: { ...ACTIVE, version: 3, highest: 3 } });
    const wasThere = row({ active: { ...ACTIVE, highest: 2 } });
    for (const one of [left, wasThere]) {
      expect([isRebuilding(one), mayTakeOver(one)]).toEqual([false, false]);
      expect(mayTakeOver(one, 'asked')).toBe(true);
    }
  });

  it.each<[string, Partial<FollowerRow>]>([
    ['is paused', { isPaused: true }],
    ['is paused', { active: { ...ACTIVE, isPaused: true } }],
    ['has stopped', { isStopped: true }],
    ['is tried again', { failure }],
    ['keeps back 2 events', { parked: 2 }],
  ])('does not where it %s, asked or not', (text, changes) => {
    expect(obstacleOf(row(changes))).toContain(text);
    for (const wish of [undefined, 'asked', 'force'] as const)
      expect(mayTakeOver(row(changes), wish)).toBe(false);
  });

  it('does not where the active one keeps events back, unless that is forced', () => {
    const held = row({ active: { ...ACTIVE, parked: 1 } });
    expect([mayTakeOver(held), mayTakeOver(held, 'asked'), mayTakeOver(held, 'force')]).toEqual([
      false,
      false,
      true,
    ]);
    expect(obstacleOf(held)).toContain('version 1 keeps back 1 events');
  });
});
