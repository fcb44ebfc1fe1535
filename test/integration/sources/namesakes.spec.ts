import { Injectable } from '@nestjs/common';
import { event, EventHandler, ModelEventSource, type RecordedEvent } from 'nestjs-once';
import { drain } from 'nestjs-once/testing';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { startApplication, type TestApplication } from '../../support/application.js';
import { describeEachDatabase } from '../../support/databases.js';
import { Code, codeTransformer } from './code.js';

abstract class Person {
  @PrimaryColumn({ type: 'int' })
  id: number;

  @Column()
  login: string;
}

/** Classes of one name, as minifiers make them. */
function userOf(table: string): new () => Person {
  @Entity(table)
  class User extends Person {}
  return User;
}

const Customer = userOf('customers');
const Admin = userOf('admins');

@Entity()
class Ticket {
  @PrimaryColumn({ type: 'varchar', length: 20, transformer: codeTransformer })
  code: Code;

  @Column({ type: 'varchar', transformer: codeTransformer })
  seat: Code;
}

interface Data {
  person?: Person;
  ticket?: Ticket;
}

@Injectable()
class People {
  readonly handled: Data[] = [];

  @ModelEventSource(Person)
  person(person: Person) {
    return event('person', `${person.constructor === Admin ? 'admin' : 'customer'}_${person.id}`, { person });
  }

  @ModelEventSource(Ticket, { on: ['insert', 'remove'] })
  ticket(ticket: Ticket, { reason }: { reason: string }) {
    return event('ticket', `${ticket.code.letters}_${reason}`, { ticket });
  }

  @EventHandler('*')
  handle({ data }: RecordedEvent<Data>) {
    this.handled.push(data);
  }
}

describeEachDatabase('Entities in events', (db) => {
  let application: TestApplication;
  let people: People;

  beforeAll(async () => {
    const entities = [Customer, Admin, Ticket];
    application = await startApplication({ database: await db.options(), entities, providers: [People] });
    people = application.app.get(People);
  });
  afterAll(() => application.close());
  beforeEach(() => people.handled.splice(0));

  const person = (type: new () => Person, id: number, login: string) =>
    Object.assign(new type(), { id, login });

  it('of two classes of one name: each is handed its own', async () => {
    const { manager } = application.dataSource;
    // One by one: TypeORM itself takes those of one save for one class.
    await manager.save(person(Customer, 1, 'customer'));
    await manager.save(person(Admin, 1, 'admin'));
    await drain(application.app);
    expect(people.handled.map((data) => data.person!.login).sort()).toEqual(['admin', 'customer']);
    for (const data of people.handled)
      expect(data.person).toBeInstanceOf(data.person!.login === 'admin' ? Admin : Customer);
  });

  it('of two classes of one name: a re-scan and the requests for one tell them apart', async () => {
    const { dataSource, rescan, app } = application;
    await dataSource.manager.insert(Admin, { id: 2, login: 'bulk' });
    await drain(app);
    expect(people.handled).toMatchObject([{ person: { login: 'bulk' } }]);
    const { scans } = await rescan.run({ entities: [Admin, Customer] });
    expect(scans.map(({ entity }) => entity).sort()).toEqual(['User (admins)', 'User (customers)']);
    const one = await rescan.run({ entities: ['User (admins)'] });
    expect(one.scans.map(({ entity }) => entity)).toEqual(['User (admins)']);
  });

  it('with value objects, one of them the key: referred to when inserted, by value when removed', async () => {
    const { manager } = application.dataSource;
    const ticket = Object.assign(new Ticket(), { code: new Code('t1'), seat: new Code('s1') });
    await manager.save(ticket);
    await drain(application.app);
    await manager.remove(ticket);
    await drain(application.app);
    for (const data of people.handled) {
      expect(data.ticket).toBeInstanceOf(Ticket);
      expect(data.ticket).toEqual({ code: new Code('t1'), seat: new Code('s1') });
    }
    expect(people.handled).toHaveLength(2);
  });
});
