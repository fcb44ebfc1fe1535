import { Injectable } from '@nestjs/common';
import { type AggregateRepository, EventSourcingModule, InjectAggregates } from 'nestjs-once';
import {
  addTransactionalDataSource,
  deleteDataSourceByName,
  initializeTransactionalContext,
  Transactional,
} from 'typeorm-transactional';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Dog } from '../../support/dog.js';

@Injectable()
class Lessons {
  constructor(@InjectAggregates(Dog, 'TrainingSchool') readonly dogs: AggregateRepository<Dog>) {}

  @Transactional()
  async give(id: string, tricks: readonly string[], fails: boolean): Promise<void> {
    for (const trick of tricks) await this.dogs.update(id, (dog) => dog.addTrick({ trick }));
    if (fails) throw new RangeError('rolls back');
  }
}

describeEachDatabase('aggregates within a transaction of typeorm-transactional', (db) => {
  it('are loaded and saved in it without a manager', async () => {
    initializeTransactionalContext();
    const feature = EventSourcingModule.forFeature({
      aggregates: [Dog],
      application: 'TrainingSchool',
      cache: 10,
    });
    const application = await startApplication({
      database: await db.options(),
      imports: [feature],
      providers: [Lessons],
    });
    addTransactionalDataSource(application.dataSource);
    try {
      const lessons = application.app.get(Lessons);
      await lessons.dogs.save(Dog.register('fido'));
      await expect(lessons.give('fido', ['sit', 'stay'], true)).rejects.toThrow(RangeError);
      expect((await lessons.dogs.get('fido')).tricks).toEqual([]);
      await lessons.give('fido', ['sit', 'stay'], false);
      expect((await lessons.dogs.get('fido')).tricks).toEqual(['sit', 'stay']);
    } finally {
      deleteDataSourceByName('default');
      await application.close();
    }
  });
});
