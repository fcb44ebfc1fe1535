import {
  DecisionConflictError,
  DecisionIsolationError,
  IncompleteReadingError,
  InvalidEventError,
  InvalidOptionError,
  type RecordedEvent,
  TransactionRequiredError,
} from 'nestjs-once';
import type { EntityManager } from 'typeorm';
import { bucketOf } from '../../../lib/store/ports/tag-buckets.js';
import { deferred } from '../../support/deferred.js';
import { type DatabaseAddress, describeEachDatabase } from '../../support/databases.js';
import { rowsRead } from '../../support/rows-read.js';
import { LogProcess } from '../store/log-process.js';

/** Events of a tag that a decision does not have to read: more than are counted to find the rarest tag. */
const FREQUENT = 3000;

describeEachDatabase('decisions over tags', (db) => {
  let address: DatabaseAddress;
  let process: LogProcess;
  let other: LogProcess;
  let count = 0;

  beforeAll(async () => {
    address = await db.create();
    process = await LogProcess.start(address);
    other = await LogProcess.start(address);
    await process.database.readIsolation();
  });

  afterAll(async () => {
    await process.stop();
    await other.stop();
  });

  const unique = (name: string) => `${name}:${++count}`;

  const tagged = (tags: string[], group = 'school.Subscribed', data: unknown = {}) => ({
    group,
    key: unique('event'),
    data,
    tags,
  });

  const keysOf = (events: readonly RecordedEvent[]) => events.map(({ key }) => key);

  const read = async (options: Parameters<LogProcess['log']['read']>[0]) => {
    const keys: string[] = [];
    for await (const { key } of process.log.read(options)) keys.push(key);
    return keys;
  };

  /** A transaction of the application, at READ COMMITTED where there is a choice. */
  const transaction = <T>(work: (manager: EntityManager) => Promise<T>): Promise<T> => {
    const { dataSource, dialect } = process.database;
    const { isolation } = dialect.transactions;
    return isolation ? dataSource.transaction(isolation, work) : dataSource.transaction(work);
  };

  it('is handed what matches in log order, and resolves to what was recorded', async () => {
    const [course, student] = [unique('course'), unique('student')];
    const events = [
      tagged([course]),
      tagged([course, student]),
      tagged([student], 'school.Renamed'),
      tagged([course], 'school.Renamed'),
      tagged([], 'school.Subscribed'),
    ];
    await process.log.append(events);
    const [both, ofCourse, , renamed] = events.map(({ key }) => key);
    const seenBy = async (query: Parameters<LogProcess['log']['decide']>[0]) => {
      let seen: string[] = [];
      expect(await process.log.decide(query, (found) => void (seen = keysOf(found)))).toEqual([]);
      return seen;
    };
    expect(await seenBy({ tags: [course] })).toEqual([both, ofCourse, renamed]);
    expect(await seenBy({ tags: [course, student] })).toEqual([ofCourse]);
    expect(await seenBy({ tags: [student, course, student] })).toEqual([ofCourse]);
    expect(await seenBy({ tags: [course], groups: ['school.Renamed'] })).toEqual([renamed]);
    expect(await seenBy({ tags: [course], groups: ['school.Sub*', /nothing/] })).toEqual([both, ofCourse]);
    expect(await seenBy({ tags: [course], groups: [/^school\.(re|su)/i] })).toHaveLength(3);
    const alternatives = [
      { tags: [student], groups: [/Renamed/] },
      { tags: [course, student] },
      { tags: [student] },
    ];
    expect(await seenBy(alternatives)).toEqual([ofCourse, events[2]!.key]);
    expect(await seenBy({ tags: [unique('course')] })).toEqual([]);
    const decided = tagged([course]);
    const [recorded] = await process.log.decide({ tags: [course] }, async () => decided);
    expect(recorded).toMatchObject({
      key: decided.key,
      group: decided.group,
      metadata: { source: 'decide' },
    });
    expect(await process.log.decide({ tags: [course] }, () => [decided, tagged([course])])).toHaveLength(1);
  });

  it('decides again on what came meanwhile, and only on what matches', async () => {
    const tag = unique('course');
    const seen: number[] = [];
    const [recorded] = await process.log.decide({ tags: [tag], groups: ['a', /^b/] }, async (events) => {
      seen.push(events.length);
      if (seen.length === 1)
        await other.log.append([tagged([tag], 'other'), tagged([tag, unique('x')], 'b1')]);
      return tagged([tag], 'a', { seen: events.length });
    });
    expect(seen).toEqual([0, 1]);
    expect(recorded!.data).toEqual({ seen: 1 });
    const calls: number[] = [];
    await process.log.decide({ tags: [tag], groups: ['a', /^b/] }, async (events) => {
      calls.push(events.length);
      if (calls.length === 1) await other.log.append([tagged([tag], 'other'), tagged([unique('y')], 'a')]);
      return tagged([tag], 'a');
    });
    expect(calls).toEqual([2]);
  });

  it('is refused after its attempts, and after one where it takes longer than the tags are held', async () => {
    const tag = unique('course');
    let calls = 0;
    const meddling = async () => {
      calls += 1;
      await other.log.append(tagged([tag]));
      return tagged([tag], 'never');
    };
    const once = process.log.decide({ tags: [tag] }, meddling, { attempts: 1 });
    await expect(once).rejects.toThrow(DecisionConflictError);
    await expect(once).rejects.toMatchObject({ code: 'DECISION_CONFLICT', reason: 'changed' });
    expect(calls).toBe(1);
    // The second time the append waits for the tags, which are let go of.
    const thrice = process.log.decide({ tags: [tag] }, meddling, { attempts: 3 });
    await expect(thrice).rejects.toMatchObject({ reason: 'changed', positions: [expect.any(Number)] });
    expect(calls).toBe(4);
    expect(await read({ tags: [tag], groups: ['never'] })).toEqual([]);
  });

  it('is the first event under a tag once, and the same boundary asked for twice', async () => {
    const tag = unique('name');
    const claim = (by: LogProcess) =>
      by.log.decide({ tags: [tag] }, (events) => (events.length > 0 ? [] : tagged([tag], 'name.Claimed')));
    const outcomes = await Promise.all([process, other, process, other].map(claim));
    expect(outcomes.flat()).toHaveLength(1);
    const twice = await process.log.decide(
      [{ tags: [tag] }, { tags: [tag], groups: ['name.Claimed'] }],
      (events) => tagged([tag], 'name.Used', { seen: keysOf(events) }),
    );
    expect(twice[0]!.data).toEqual({ seen: keysOf(outcomes.flat()) });
  });

  it('does not take two tags of one bucket for the same', async () => {
    const first = unique('tag');
    let second = unique('tag');
    while (bucketOf(second) !== bucketOf(first)) second = unique('tag');
    const calls: number[] = [];
    await process.log.decide({ tags: [first] }, async (events) => {
      calls.push(events.length);
      await other.log.append(tagged([second]));
      return [tagged([first]), tagged([second])];
    });
    expect(calls).toEqual([0]);
    expect(await read({ tags: [first] })).toHaveLength(1);
    expect(await read({ tags: [second] })).toHaveLength(2);
    const both = await Promise.all(
      [first, second].map((tag) =>
        process.log.decide([{ tags: [first] }, { tags: [second] }], () => tagged([tag])),
      ),
    );
    expect(both.flat()).toHaveLength(2);
  });

  it('hands what the function throws to the caller, and records nothing', async () => {
    const tag = unique('course');
    const failed = process.log.decide({ tags: [tag] }, () => {
      throw new RangeError('full');
    });
    await expect(failed).rejects.toThrow(RangeError);
    const own = new DecisionConflictError('changed', [1]);
    await expect(process.log.decide({ tags: [tag] }, () => Promise.reject(own))).rejects.toBe(own);
    const invalid = process.log.decide({ tags: [tag] }, () => ({ group: 'g' }) as never);
    await expect(invalid).rejects.toThrow(InvalidEventError);
    expect(await read({ tags: [tag] })).toEqual([]);
  });

  it('reads by tags in log order, behind a position, up to a limit, across pages', async () => {
    const tags = [unique('course'), unique('student')];
    const events = Array.from({ length: 1203 }, (_, index) =>
      tagged(tags.slice(0, 1 + (index % 2)), `g${index % 3}`),
    );
    const results = await process.log.append(events);
    const keys = events.map(({ key }) => key);
    expect(await read({ tags: tags.slice(0, 1) })).toEqual(keys);
    expect(await read({ tags })).toEqual(keys.filter((_, index) => index % 2 === 1));
    expect(await read({ tags, after: results[3]!.event!.position, limit: 2 })).toEqual([keys[5], keys[7]]);
    expect(await read({ tags, groups: ['g0'], limit: 1 })).toEqual([keys[3]]);
    expect(await read({ tags, groups: [] })).toEqual([]);
  });

  it('makes a condition of a reading that was read to its end, for append', async () => {
    const tag = unique('course');
    await process.log.append(tagged([tag]));
    const reading = process.log.read({ tags: [tag], groups: ['school.Subscribed'] });
    expect(() => reading.condition).toThrow(IncompleteReadingError);
    for await (const event of reading) expect(event.group).toBe('school.Subscribed');
    const { condition } = reading;
    expect(await process.log.append(tagged([tag], 'other'), { condition })).toMatchObject({ recorded: true });
    const results = await process.log.append([tagged([tag]), tagged([])], { condition });
    expect(results.map(({ recorded }) => recorded)).toEqual([true, true]);
    const late = process.log.append(tagged([tag], 'late'), { condition });
    await expect(late).rejects.toMatchObject({ reason: 'changed', positions: [results[0]!.event!.position] });
    expect(await read({ tags: [tag], groups: ['late'] })).toEqual([]);
    expect(await process.log.append([], { condition })).toEqual([]);
    for (const options of [{ tags: [tag], limit: 1 }, { tags: [tag], after: 0 }, {}]) {
      const other = process.log.read(options);
      for await (const _ of other);
      expect(() => other.condition).toThrow(IncompleteReadingError);
    }
    const broken = process.log.read({ tags: [tag] });
    for await (const _ of broken) break;
    expect(() => broken.condition).toThrow(IncompleteReadingError);
  });

  it('has one attempt in a transaction of the application, and ends with that', async () => {
    const tag = unique('course');
    await transaction(async (manager) => {
      await process.log.append(tagged([tag], 'before'), { manager });
      const [event] = await process.log.decide(
        { tags: [tag] },
        (events) => tagged([tag], 'in', { seen: keysOf(events) }),
        {
          manager,
        },
      );
      expect(event!.data).toEqual({ seen: await read({ tags: [tag], groups: ['before'], manager }) });
      const again = await process.log.decide(
        { tags: [tag] },
        (events) => tagged([tag], 'in', { seen: events.length }),
        {
          manager,
        },
      );
      expect(again[0]!.data).toEqual({ seen: 2 });
    });
    const rolledBack = transaction(async (manager) => {
      await process.log.decide({ tags: [tag] }, () => tagged([tag], 'undone'), { manager });
      throw new RangeError('no');
    });
    await expect(rolledBack).rejects.toThrow(RangeError);
    expect(await read({ tags: [tag], groups: ['undone'] })).toEqual([]);
    // Its locks went with it.
    expect(await process.log.decide({ tags: [tag] }, () => tagged([tag]))).toHaveLength(1);
  });

  it('goes on in a transaction of the application in which a condition did not hold', async () => {
    const tag = unique('course');
    const reading = process.log.read({ tags: [tag] });
    for await (const _ of reading);
    await other.log.append(tagged([tag]));
    const after = tagged([tag], 'after');
    await transaction(async (manager) => {
      const late = process.log.append(tagged([tag]), { manager, condition: reading.condition });
      await expect(late).rejects.toThrow(DecisionConflictError);
      await process.log.append(after, { manager });
    });
    expect(await read({ tags: [tag], groups: ['after'] })).toEqual([after.key]);
  });

  if (db.dialect !== 'sqlite') {
    it('sees in a transaction above READ COMMITTED what others have committed since, or is refused there', async () => {
      for (const level of ['REPEATABLE READ', 'SERIALIZABLE'] as const) {
        const tag = unique('course');
        let caught: unknown;
        let seen: string[] = [];
        const deciding = process.database.dataSource.transaction(level, async (manager) => {
          // The snapshot is taken.
          await process.log.read({ tags: [unique('any')], manager }).next();
          await other.log.append(tagged([tag], 'unseen'));
          await process.log
            .decide(
              { tags: [tag] },
              (events) => {
                seen = events.map(({ group }) => group);
                return seen.length === 0 ? tagged([tag], 'blind') : [];
              },
              { manager },
            )
            .catch((error: unknown) => (caught = error));
          throw new RangeError('over');
        });
        await deciding.catch(() => undefined);
        if (db.dialect === 'postgres') expect(caught).toBeInstanceOf(DecisionIsolationError);
        else if (level === 'REPEATABLE READ') expect(caught).toBeInstanceOf(DecisionConflictError);
        // Reads of a SERIALIZABLE transaction lock what they see: it is the last.
        else expect([caught, seen]).toEqual([undefined, ['unseen']]);
        expect(await read({ tags: [tag], groups: ['blind'] })).toEqual([]);
      }
    });

    it('holds above READ COMMITTED by default, in a transaction of its own', async () => {
      const level = await LogProcess.start(address, { extra: { isolationLevel: 'REPEATABLE READ' } });
      await level.database.readIsolation();
      const tag = unique('course');
      const seen: number[] = [];
      await level.log.decide({ tags: [tag] }, async (events) => {
        seen.push(events.length);
        if (seen.length === 1) await other.log.append(tagged([tag]));
        return tagged([tag]);
      });
      expect(seen).toEqual([0, 1]);
      await level.stop();
    });

    it('waits for open transactions that appended under its tags, and says when that is too long', async () => {
      const tag = unique('course');
      const [appended, end] = [deferred<void>(), deferred<void>()];
      const open = transaction(async (manager) => {
        await process.log.append(tagged([tag], 'open'), { manager });
        appended.resolve();
        await end.promise;
      });
      await appended.promise;
      const impatient = other.log.decide({ tags: [tag] }, () => tagged([tag], 'early'), { timeout: 100 });
      await expect(impatient).rejects.toMatchObject({ code: 'DECISION_CONFLICT', reason: 'locked' });
      const inside = other.database.dataSource.transaction('READ COMMITTED', (manager) =>
        other.log.decide({ tags: [tag] }, () => tagged([tag], 'early'), { manager, timeout: 100 }),
      );
      await expect(inside).rejects.toMatchObject({ reason: 'locked' });
      // Another append of the same tag waits for nobody.
      await other.log.append(tagged([tag], 'beside'));
      let calls = 0;
      const patient = other.log.decide({ tags: [tag] }, (events) => {
        if (++calls === 1) end.resolve();
        return tagged([tag], 'decided', { seen: events.map(({ group }) => group) });
      });
      const [decided] = await patient;
      await open;
      expect(decided!.data).toEqual({ seen: ['open', 'beside'] });
      expect(calls).toBe(2);
    });
  }

  it('reads what is pruned, and goes on without what is removed', async () => {
    const { database } = process;
    const tag = unique('course');
    const [old, older] = [tagged([tag]), tagged([tag])];
    const [first, second] = await process.log.append([old, older]);
    const reading = process.log.read({ tags: [tag] });
    for await (const _ of reading);
    const { tables } = database;
    await database.run((sql) =>
      sql.change(`UPDATE ${tables.event} SET payload = NULL, encoding = 'pruned' WHERE position = ?`, [
        first!.event!.position,
      ]),
    );
    for (const table of [tables.tag, tables.event])
      await database.run((sql) =>
        sql.change(`DELETE FROM ${table} WHERE position = ?`, [second!.event!.position]),
      );
    expect(await process.log.append(tagged([tag], 'x'), { condition: reading.condition })).toMatchObject({
      recorded: true,
    });
    const seen: unknown[] = [];
    await process.log.decide({ tags: [tag] }, (events) => {
      seen.push(...events.map(({ pruned, data }) => [pruned, data]));
    });
    expect(seen).toEqual([
      [true, undefined],
      [undefined, {}],
    ]);
  });

  it('takes tags of 1 to 255 bytes, each once', async () => {
    const long = unique('long').padEnd(252, 'x') + '€';
    const event = { ...tagged(['x', long, long]) };
    await process.log.append(event);
    expect(await read({ tags: [long, 'x'] })).toEqual([event.key]);
    const [recorded] = await process.log.decide({ tags: [long] }, (events) =>
      tagged([long], 'counted', { count: events.length }),
    );
    expect(recorded!.data).toEqual({ count: 1 });
  });

  it.each([
    ['no string', [7]],
    ['an empty one', ['']],
    ['256 bytes', ['x'.repeat(254) + 'é']],
    ['a NUL', ['a\0']],
    ['a lone surrogate', ['\ud800']],
    ['no array', 'tag'],
  ])('refuses %s as tags, by a typed error', async (_, tags) => {
    await expect(process.log.append({ ...tagged([]), tags: tags as never })).rejects.toThrow(
      InvalidEventError,
    );
    const refused = process.log.decide({ tags: tags as never }, () => undefined);
    await expect(refused).rejects.toThrow(InvalidOptionError);
    await expect(read({ tags: tags as never })).rejects.toThrow(InvalidOptionError);
  });

  it('reads what has a frequent and a rare tag, by the rare one where the plan is kept', async () => {
    const [frequent, rare] = [unique('course'), unique('student')];
    await process.log.append(Array.from({ length: FREQUENT }, () => tagged([frequent])));
    const both = tagged([frequent, rare]);
    await process.log.append(both);
    const { dialect, tables } = process.database;
    for (const tags of [
      [frequent, rare],
      [rare, frequent],
    ]) {
      const entries = await process.database.transaction(async (sql) => {
        const reading = async () => {
          const rows = await dialect.decisions.read(sql, tables, [{ tags }], 1);
          expect(rows.map(({ event_key, item }) => [event_key, Number(item)])).toEqual([[both.key, 0]]);
        };
        if (db.name === 'postgres') return rowsRead(sql, 'once_event_tag', reading);
        await reading();
        return 0;
      });
      expect(entries).toBeLessThan(FREQUENT / 2);
    }
  });

  it.each([
    ['a query of nothing', [], 'query'],
    ['a query that is no object', 'course', 'query'],
    ['an item without tags', { groups: ['a'] }, 'tags'],
    ['an item of no tag', { tags: [] }, 'tags'],
    ['one item of several without tags', [{ tags: ['a'] }, { tags: [] }], 'tags'],
    ['too many tags', { tags: Array.from({ length: 51 }, (_, n) => `${n}`) }, 'tags'],
    ['groups of nothing', { tags: ['a'], groups: [] }, 'groups'],
    ['groups that are undefined', { tags: ['a'], groups: undefined }, 'groups'],
    ['a group that is no pattern', { tags: ['a'], groups: [7] }, 'groups'],
    ['a misspelt property', { tags: ['a'], group: ['b'] }, 'group'],
  ])('refuses %s', async (_, query, option) => {
    await expect(process.log.decide(query as never, () => undefined)).rejects.toMatchObject({ option });
  });

  it('refuses other options, a manager that is in no transaction, and what is no condition', async () => {
    const decide = (options: object) => process.log.decide({ tags: ['a'] }, () => undefined, options);
    await expect(decide({ attempts: 0 })).rejects.toMatchObject({ option: 'attempts' });
    await expect(decide({ attempts: undefined })).rejects.toMatchObject({ option: 'attempts' });
    await expect(decide({ timeout: -1 })).rejects.toMatchObject({ option: 'timeout' });
    await expect(decide({ retries: 3 })).rejects.toMatchObject({ option: 'retries' });
    const { manager } = process.database.dataSource;
    await expect(decide({ manager })).rejects.toThrow(TransactionRequiredError);
    await expect(process.log.decide({ tags: ['a'] }, {} as never)).rejects.toMatchObject({
      option: 'decide',
    });
    const append = process.log.append(tagged([]), { condition: {} as never });
    await expect(append).rejects.toMatchObject({ option: 'condition' });
  });
});
