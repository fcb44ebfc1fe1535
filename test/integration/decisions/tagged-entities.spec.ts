import { Injectable } from '@nestjs/common';
import { event, ModelEventSource, tagOf } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity()
class Challenge {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  title: string;
}

@Injectable()
class Sources {
  @ModelEventSource(Challenge)
  *events({ id, title }: Challenge) {
    yield event('saved', `${id}_${title}`, undefined, { tags: [`title:${title}`] });
    if (title === 'new') yield event('created', id);
  }

  @ModelEventSource(Challenge, { tagged: false })
  untagged({ id }: Challenge) {
    return event('untagged', id);
  }

  @ModelEventSource(Challenge, { on: ['remove'] })
  removed({ id }: Challenge) {
    return event('removed', id);
  }
}

describeEachDatabase('events of entities', (db) => {
  let application: TestApplication;

  beforeAll(async () => {
    application = await startApplication({
      database: await db.options(),
      entities: [Challenge],
      providers: [Sources],
      options: { rescan: false },
    });
  });
  afterAll(() => application.close());

  const groupsOf = async (...tags: string[]) => {
    const groups: string[] = [];
    for await (const { group } of application.log.read({ tags })) groups.push(group);
    return groups;
  };

  it('have the tag of their entity beside their own, in log order, and not where that is switched off', async () => {
    const repository = application.dataSource.getRepository(Challenge);
    const [one, two] = await repository.save(['new', 'other'].map((title) => repository.create({ title })));
    const tag = tagOf(one!);
    expect(tag).toBe(`Challenge:${one!.id}`);
    await repository.save({ id: one!.id, title: 'renamed' });
    await repository.remove((await repository.findOneBy({ id: one!.id }))!);
    expect(await groupsOf(tag)).toEqual(['saved', 'created', 'saved', 'removed']);
    expect(await groupsOf(tagOf(two!))).toEqual(['saved']);
    expect(await groupsOf('title:renamed', tag)).toEqual(['saved']);
    const untagged = await application.log.get(`untagged_${one!.id}`);
    expect(untagged).toBeDefined();
  });

  it('have it also where a re-scan finds them', async () => {
    const { identifiers } = await application.dataSource
      .createQueryBuilder()
      .insert()
      .into(Challenge)
      .values({ title: 'scanned' })
      .callListeners(false)
      .execute();
    await application.rescan.run();
    expect(await groupsOf(tagOf(Challenge, identifiers[0]!.id))).toEqual(['saved']);
  });

  it('are what a decision can be made of', async () => {
    const repository = application.dataSource.getRepository(Challenge);
    const challenge = await repository.save(repository.create({ title: 'new' }));
    const seen: string[] = [];
    await application.log.decide({ tags: [tagOf(challenge)] }, async (events) => {
      seen.push(events.map(({ group }) => group).join());
      if (seen.length === 1) await repository.save({ id: challenge.id, title: 'again' });
    });
    expect(seen).toEqual(['saved,created']);
    const [recorded] = await application.log.decide({ tags: [tagOf(challenge)] }, async (events) => {
      seen.push(events.map(({ group }) => group).join());
      if (seen.length === 2) await repository.save({ id: challenge.id, title: 'meanwhile' });
      return event('decided', challenge.id, events.length);
    });
    expect(recorded!.data).toBe(4);
  });
});
