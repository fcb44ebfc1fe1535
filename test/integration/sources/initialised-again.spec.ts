import { Injectable } from '@nestjs/common';
import { event, EventHandler, ModelEventSource, type RecordedEvent } from 'nestjs-once';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { startApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { until } from '../../support/deferred.js';

@Entity()
class Parcel {
  @PrimaryGeneratedColumn()
  id: number;

  @Column()
  label: string;
}

@Injectable()
class Parcels {
  readonly handled: string[] = [];

  @ModelEventSource(Parcel)
  source(parcel: Parcel) {
    return event('parcel', parcel.label, { parcel });
  }

  @EventHandler('parcel')
  handle({ data }: RecordedEvent<{ parcel: Parcel }>) {
    this.handled.push(data.parcel.label);
  }
}

describeEachDatabase('A DataSource that is destroyed and initialised again', (db) => {
  it('is listened to again, and what was saved in between is found by a re-scan', async () => {
    const { app, dataSource, close } = await startApplication({
      database: await db.options(),
      entities: [Parcel],
      providers: [Parcels],
      options: { dispatch: 'background', worker: { pollInterval: 20 } },
    });
    const { handled } = app.get(Parcels);
    const save = (label: string) => dataSource.manager.save(Object.assign(new Parcel(), { label }));
    try {
      await save('before');
      await until(() => handled.includes('before'));
      await dataSource.destroy();
      await dataSource.initialize();
      // Nobody may be listening yet.
      await save('in between');
      await until(() => handled.includes('in between'));
      await save('after');
      await until(() => handled.includes('after'));
      expect(handled).toEqual(['before', 'in between', 'after']);
    } finally {
      await close();
    }
  });
});
