import { AssertionError } from 'node:assert';
import { Aggregate, AggregateEvent, AggregateType, type RecordedEvent, UpcastEvent } from 'nestjs-once';
import { given } from 'nestjs-once/testing';
import { Dog } from '../../support/dog.js';

@AggregateType('Till')
class Till extends Aggregate {
  cents = 0;
  @AggregateEvent('Paid', { version: 2 })
  pay({ cents }: { cents: number }): void {
    this.cents += cents;
    if (this.cents > 1000) throw new RangeError('the till is full');
  }
  @UpcastEvent('Till.Paid', 1)
  static toCents({ sum }: { sum: number }) {
    return { cents: sum * 100 };
  }
}

const registered = { group: 'Dog.Registered', data: { name: 'Fido' } };
const added = (trick: string) => ({ group: 'Dog.TrickAdded', data: { trick } });

describe('given, when, then', () => {
  it('says which events a change of an aggregate makes', () => {
    given(registered, added('sit'))
      .when(Dog, (dog) => {
        expect(dog).toMatchObject({ id: 'aggregate', version: 2, tricks: ['sit'] });
        dog.addTrick({ trick: 'stay' });
      })
      .then(added('stay'));
    given(registered)
      .when(Dog, () => undefined)
      .then();
    given()
      .when(() => Dog.register('Fido'))
      .then(registered);
  });

  it('hands a function that decides what has happened as it is read from the log', () => {
    const decide = (events: readonly RecordedEvent<{ course: number }>[]) => {
      expect(events[1]).toMatchObject({ position: 2, key: 'two', group: 'b', occurredAt: new Date(5) });
      expect(new Set(events.map(({ key }) => key)).size).toBe(2);
      return { group: 'c', key: 'c_1', data: events[0]!.data.course, tags: ['course:1'] };
    };
    const sentence = () =>
      given({ group: 'a', data: { course: 1 } }, { group: 'b', key: 'two', occurredAt: new Date(5) }).when(
        decide,
      );
    sentence().then({ group: 'c', data: 1 });
    sentence().then({ group: 'c', data: 1, key: 'c_1', tags: ['course:1'] });
    expect(() => sentence().then({ group: 'c', data: 1, key: 'c_2' })).toThrow(AssertionError);
    expect(() => sentence().then({ group: 'c', data: 1, tags: [] })).toThrow(AssertionError);
    given()
      .when(() => undefined)
      .then();
  });

  it('fails where other events follow', () => {
    const sentence = () => given(registered).when(Dog, (dog) => dog.addTrick({ trick: 'stay' }));
    expect(() => sentence().then(added('sit'))).toThrow(AssertionError);
    expect(() => sentence().then()).toThrow(AssertionError);
    expect(() => sentence().thenThrows(RangeError)).toThrow(AssertionError);
  });

  it('says what a change throws', () => {
    const sentence = () => given(registered).when(Dog, (dog) => dog.addTrick({ trick: 'bite' }));
    sentence().thenThrows(RangeError);
    sentence().thenThrows(/does not bite/);
    expect(() => sentence().thenThrows(TypeError)).toThrow();
  });

  it('brings events of earlier versions up to date', () => {
    given({ group: 'Till.Paid', data: { sum: 9 }, version: 1 }, { group: 'Till.Paid', data: { cents: 50 } })
      .when(Till, (till) => till.pay({ cents: 51 }))
      .thenThrows(/the till is full/);
  });

  it('says what a decision comes to, at once or later', async () => {
    const decide = (events: readonly { group: string }[]) =>
      events.length < 2 ? { group: 'course.Taken', key: 'x', data: 1 } : undefined;
    given(registered).when(decide).then({ group: 'course.Taken', data: 1 });
    given(registered, registered).when(decide).then();
    await given(registered)
      .when(async (events) => decide(events))
      .then({ group: 'course.Taken', data: 1 });
    const refuse = async () => {
      throw new RangeError('no');
    };
    await given().when(refuse).thenThrows(RangeError);
    await expect(given().when(refuse).thenThrows(TypeError)).rejects.toThrow();
    await expect(
      given()
        .when(async () => undefined)
        .thenThrows(RangeError),
    ).rejects.toThrow(AssertionError);
  });
});
