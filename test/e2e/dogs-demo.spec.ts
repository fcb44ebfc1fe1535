import { runDogsDemo } from '../../sample-app/demo/dogs-demo.js';
import { totalsOf } from '../../sample-app/demo/dogs-lessons.js';

describe('the demo of the dogs', () => {
  it('teaches dogs, syncs, resets and follows, and finds all of its totals right', async () => {
    const lines: string[] = [];
    expect([
      await runDogsDemo((line) => lines.push(line)),
      lines.filter((line) => /NOT TRUE/.test(line)),
    ]).toEqual([true, []]);
    expect(lines).toContain(
      '✓ counted anew, to the same totals: fetch: 2, play dead: 2, roll over: 3, sit: 3',
    );
    expect(lines).toContain('✓ followed in the background: fetch: 3, play dead: 2, roll over: 3, sit: 4');
  });

  it('says where a total is not what the lessons call for, and that it failed', async () => {
    const lines: string[] = [];
    const wrong: typeof totalsOf = (...all) => ({ ...totalsOf(...all), sit: 17 });
    expect(await runDogsDemo((line) => lines.push(line), wrong)).toBe(false);
    expect(lines.join('\n')).toMatch(/✗ NOT TRUE: synced: .*sit: 2, expected .*sit: 17/);
  });
});
