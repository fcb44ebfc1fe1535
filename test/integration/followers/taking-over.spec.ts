import {
  FollowerRebuildError,
  FollowerVersionError,
  TransactionRequiredError,
  UnknownFollowerError,
} from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { describeEachDatabase } from '../../support/databases.js';
import { EffectOfFirst, EffectOfSecond, First, FirstParking, Second } from './two-versions.js';
import { acted, effects, happened, upTo, VersionsBench } from './versions-bench.js';

describeEachDatabase('the place of the version that readers look at', (db) => {
  let bench: VersionsBench;

  beforeEach(async () => {
    bench = new VersionsBench(await db.create());
  });

  afterEach(() => bench.close());

  it('does not take its place while it fails, and does when that is mended', async () => {
    const one = await bench.start(First);
    await one.log.append(happened(1, 6));
    await drain(one.app);
    const other = await bench.start(Second);
    other.follower.failing.add(5);
    const failing = other.followers.rebuild('Effects');
    await expect(failing).rejects.toThrow(FollowerRebuildError);
    await expect(failing).rejects.toMatchObject({
      code: 'FOLLOWER_REBUILD',
      version: 2,
      position: 4,
      message: expect.stringContaining('5 is refused'),
    });
    expect(await other.followers.status('Effects')).toMatchObject({
      ...{ state: 'stopped', activeVersion: 1 },
      rebuild: { heldUpBy: expect.stringContaining('stopped') },
    });
    await one.log.append(happened(7, 7));
    await drain(one.app);
    await drain(other.app);
    expect(await one.followers.activeVersion('Effects')).toBe(1);
    other.follower.failing.clear();
    await other.followers.resume('Effects');
    await drain(other.app);
    expect(await one.followers.activeVersion('Effects')).toBe(2);
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(7));
    expect(await acted(one)).toEqual(upTo(7));
  });

  it('leaves its place to an earlier one only when that is asked for, and nothing is lost or done twice', async () => {
    const one = await bench.start(First);
    await one.log.append(happened(1, 3));
    await drain(one.app);
    const other = await bench.start(Second);
    await drain(other.app);
    await other.log.append(happened(4, 6));
    await drain(other.app);
    await drain(one.app);
    expect(await one.followers.activeVersion('Effects')).toBe(2);
    await other.log.append(happened(7, 7));
    await drain(other.app);
    expect(await one.followers.rebuild('Effects')).toMatchObject({ version: 1, activeVersion: 1, events: 1 });
    await one.log.append(happened(8, 9));
    await drain(other.app);
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(7));
    await drain(one.app);
    await drain(other.app);
    expect(await one.followers.activeVersion('Effects')).toBe(1);
    expect(await other.followers.rebuild('Effects')).toMatchObject({ activeVersion: 2 });
    expect(await effects(one, EffectOfFirst)).toEqual(upTo(9));
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(9));
    expect(await acted(one)).toEqual(upTo(9));
  });

  it('waits where the follower is paused, and where the one before keeps events back, unless it is forced', async () => {
    const one = await bench.start(FirstParking);
    one.follower.failing.add(2);
    await one.log.append(happened(1, 4));
    await one.followers.sync();
    const other = await bench.start(Second);
    await one.followers.pause('Effects');
    await drain(other.app);
    expect(other.follower.seen).toEqual([]);
    await other.followers.resume('Effects');
    await drain(other.app);
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(4));
    expect(await other.followers.status('Effects')).toMatchObject({
      ...{ state: 'rebuilding', activeVersion: 1 },
      rebuild: { progress: 1, heldUpBy: expect.stringContaining('version 1 keeps back 1 events') },
    });
    await expect(other.followers.rebuild('Effects')).rejects.toThrow(/version 1 keeps back 1 events/);
    expect(await other.followers.rebuild('Effects', { force: true })).toMatchObject({ activeVersion: 2 });
    expect((await acted(one)).sort()).toEqual([1, 3, 4]);
  });

  it('comes to where the one before had been when that was reset, and begins anew when it is reset itself', async () => {
    const one = await bench.start(First);
    await one.log.append(happened(1, 6));
    await drain(one.app);
    const other = await bench.start(Second);
    const ending = new AbortController();
    await other.followers.rebuild('Effects', { signal: ending.signal, onProgress: () => ending.abort() });
    await other.followers.reset('Effects');
    expect(await other.followers.status('Effects')).toMatchObject({ position: 0, activeVersion: 1 });
    await one.followers.reset('Effects');
    await drain(other.app);
    expect(await other.followers.activeVersion('Effects')).toBe(2);
    expect(await effects(other, EffectOfSecond)).toEqual(upTo(6));
    await drain(one.app);
    expect(await effects(one, EffectOfFirst)).toEqual(upTo(6));
    expect(await acted(one)).toEqual(upTo(6));
  });

  it('is forgotten when it was left and no process has it', async () => {
    const one = await bench.start(First);
    await one.log.append(happened(1, 2));
    await drain(one.app);
    const other = await bench.start(Second);
    await drain(other.app);
    const { followers } = other;
    await expect(followers.forgetVersion('Effects', 2)).rejects.toThrow(/it is the active one/);
    await expect(one.followers.forgetVersion('Effects', 1)).rejects.toThrow(/a process has it still/);
    await expect(followers.forgetVersion('Effects', 7)).rejects.toMatchObject({
      code: 'FOLLOWER_VERSION',
      known: [1, 2],
    });
    await expect(followers.forgetVersion('Nobody', 1)).rejects.toThrow(UnknownFollowerError);
    await followers.forgetVersion('Effects', 1);
    await expect(followers.forgetVersion('Effects', 1)).rejects.toThrow(FollowerVersionError);
    const rows = await other.dataSource.query('SELECT version FROM once_follower_position');
    expect(rows.map(({ version }: { version: unknown }) => Number(version))).toEqual([2]);
  });

  it('is what a reader sees, as its transaction does, and who waits for the follower waits for', async () => {
    const one = await bench.start(First);
    const [, last] = await one.log.append(happened(1, 2));
    await drain(one.app);
    const other = await bench.start(Second);
    const seen = await other.dataSource.transaction((manager) =>
      other.followers.activeVersion('Effects', { manager }),
    );
    expect(seen).toBe(1);
    await other.followers.waitFor('Effects', last!.event!, { timeout: 1 });
    const { manager } = other.dataSource;
    await expect(other.followers.activeVersion('Effects', { manager })).rejects.toThrow(
      TransactionRequiredError,
    );
    await expect(other.followers.activeVersion('Nobody')).rejects.toThrow(UnknownFollowerError);
  });
});
