import { remove, update, upsert } from 'nestjs-once';
import { changesOf, grouped } from '../../../lib/followers/projection.js';

const keyOf = ({ id }: { id?: number }) => String(id);

describe('what a projection writes', () => {
  it('is one statement for upserts of the same properties that follow on each other, and keeps the order', () => {
    const changes = [
      upsert({ id: 1, a: 1 }),
      upsert({ a: 2, id: 2 }),
      upsert({ id: 3, a: 3, b: undefined }),
      upsert({ id: 1, a: 4 }),
      upsert({ id: 5, b: 5 }),
      update<{ id: number; a: number }>({ id: 1 }, { a: 6 }),
      remove({ id: 2 }),
      upsert({ id: 8, b: 8 }),
      upsert({ id: 9, b: 9 }),
    ];
    const groups = grouped(changes, keyOf);
    expect(groups.map(({ length }) => length)).toEqual([3, 1, 1, 1, 1, 2]);
    expect(groups.flat()).toEqual(changes);
  });

  it('is what is made for it, in arrays or not, or nothing', () => {
    const [one, other] = [upsert({ id: 1 }), remove({ id: 2 })];
    expect(changesOf([one, [other, null], undefined], 'A.on')).toEqual([one, other]);
    expect(changesOf(undefined, 'A.on')).toEqual([]);
    expect(() => changesOf({ kind: 'upsert', row: {} }, 'A.on')).toThrow(/A\.on: expected it to return/);
    expect(() => changesOf(true, 'A.on')).toThrow(/A\.on: expected it to return/);
  });
});
