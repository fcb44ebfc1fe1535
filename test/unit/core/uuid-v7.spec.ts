import { UuidV7 } from '../../../lib/core/uuid-v7.js';

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('UUIDs of version 7', () => {
  it('have version, variant and the time in milliseconds', () => {
    const time = Date.UTC(2024, 0, 2, 3, 4, 5, 678);
    const id = new UuidV7(() => time).next();
    expect(id).toMatch(SHAPE);
    expect(parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(time);
  });

  it('rise in the order in which they are made, while the clock stands, leaps and goes back', () => {
    let time = 1_700_000_000_000;
    const steps = [0, 0, 0, 1, 0, -5000, 0, 3, 86_400_000, 0, -1];
    const ids = new UuidV7(() => (time += steps[Math.abs(time) % steps.length]!));
    const made = Array.from({ length: 200_000 }, () => ids.next());
    expect(made.every((id, index) => SHAPE.test(id) && (index === 0 || id > made[index - 1]!))).toBe(true);
  });

  it('are random where they do not count', () => {
    const filled = (byte: number) =>
      new UuidV7(
        () => 17,
        (bytes) => bytes.fill(byte),
      ).next();
    expect(filled(0)).toBe('00000000-0011-7000-8000-000000000000');
    expect(filled(0xff)).toBe('00000000-0011-77ff-bfff-ffffffffffff');
  });

  it('differ between generators that have the same clock', () => {
    const made = Array.from({ length: 5000 }, () => new UuidV7(() => 17).next());
    expect(new Set(made).size).toBe(made.length);
  });

  it('go on in the next millisecond when one is counted through', () => {
    const ids = new UuidV7(() => 17);
    const first = ids.next();
    // Counting there would take hours.
    Object.assign(ids, { counter: 2 ** 42 - 2 });
    const last = ids.next();
    const next = ids.next();
    expect([first < last, last < next]).toEqual([true, true]);
    expect(parseInt(next.replace('-', '').slice(0, 12), 16)).toBe(18);
  });
});
