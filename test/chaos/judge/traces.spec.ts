import type { Evidence } from './evidence.js';
import { judgeTraces } from './traces.js';

const events = [
  { key: 'entry_1', group: 'entry', position: 1, orderKey: null },
  { key: 'deed_2', group: 'deed', position: 2, orderKey: null },
  { key: 'follower:witness:1:0', group: 'traced', position: 3, orderKey: null },
  { key: 'entry_4', group: 'entry', position: 4, orderKey: null },
  { key: 'follower:witness:4:0', group: 'traced', position: 5, orderKey: null },
];
const witnessed = ['entry_1', 'deed_2', 'entry_4'].map((key) => ({ follower: 'witness@2', key }));
const read = ['entry_1', 'entry_4'].map((key) => ({ follower: 'reader', key }));
const collected = [
  { key: 'follower:witness:1:0', of: 'entry_1' },
  { key: 'follower:witness:4:0', of: 'entry_4' },
];
/** What a version that was left had come to. */
const left = witnessed.slice(0, 2).map(({ key }) => ({ follower: 'witness@1', key }));
const rows = [...left, ...witnessed, ...read];
const flawless = { version: 2, active: 2, groups: ['entry', 'deed'], rows, collected };

/** How much of what was found. */
function foundIn(changes: Partial<Evidence['traces']>): object {
  const found = Object.entries(judgeTraces({ events, traces: { ...flawless, ...changes } }));
  return Object.fromEntries(found.flatMap(([count, { length }]) => (length > 0 ? [[count, length]] : [])));
}

describe('the judge of followers', () => {
  it('finds nothing where nothing went wrong', () => {
    expect(foundIn({})).toEqual({});
  });

  it('finds an event that a follower skipped', () => {
    expect(foundIn({ rows: [...witnessed.slice(1), ...read] })).toEqual({ followedWrong: 1 });
  });

  it('finds an event that a follower handled twice', () => {
    expect(foundIn({ rows: [...witnessed, ...read, read[1]!] })).toEqual({ followedWrong: 1 });
  });

  it('finds an event that a follower handled and that is not in the log', () => {
    const foreign = { follower: 'witness@2', key: 'entry_9' };
    expect(foundIn({ rows: [...witnessed, ...read, foreign] })).toEqual({ followedWrong: 1 });
  });

  it('finds events that a follower handled out of order', () => {
    const [first, second, third] = witnessed;
    expect(foundIn({ rows: [second!, first!, third!, ...read] })).toEqual({ followedOutOfOrder: 1 });
  });

  it('finds what a version that was left skipped, handled twice, or handled out of order', () => {
    const [first, second] = left;
    expect(foundIn({ rows: [second!, ...witnessed, ...read] })).toEqual({ followedWrong: 1 });
    expect(foundIn({ rows: [first!, ...rows] })).toEqual({ followedWrong: 1 });
    expect(foundIn({ rows: [second!, first!, ...witnessed, ...read] })).toEqual({ followedOutOfOrder: 1 });
  });

  it('finds a version that did not take its place', () => {
    expect(foundIn({ active: 1 })).toEqual({ followedWrong: 1 });
  });

  it('finds an event that was not collected', () => {
    expect(foundIn({ collected: collected.slice(1), rows: [...witnessed, read[1]!] })).toEqual({
      collectedWrong: 1,
    });
  });

  it('finds an event that was collected twice', () => {
    const again = { key: 'follower:witness:1:1', of: 'entry_1' };
    expect(foundIn({ collected: [...collected, again] })).toEqual({
      collectedWrong: 2,
      followedOutOfOrder: 1,
    });
  });
});
