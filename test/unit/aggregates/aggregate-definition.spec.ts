import { EventType } from 'nestjs-once';
import { Aggregate } from '../../../lib/aggregates/aggregate.js';
import { aggregateDefinition } from '../../../lib/aggregates/aggregate-definition.js';
import { AggregateEvent } from '../../../lib/aggregates/aggregate-event.decorator.js';
import {
  AggregateType,
  UpcastEvent,
  UpcastSnapshot,
} from '../../../lib/aggregates/aggregate-type.decorator.js';
import { EventVersionError, InvalidAggregateError } from '../../../lib/aggregates/errors.js';
import { upcast } from '../../../lib/aggregates/upcast-steps.js';
import { Dog } from '../../support/dog.js';

describe('the definition of an aggregate', () => {
  it('knows the events of its class by their names, and those of the class that it extends', () => {
    @AggregateType('Poodle', { aliases: ['Pudel'], schemaVersion: 2 })
    class Poodle extends Dog {
      @AggregateEvent('Clipped', { version: 3, aliases: ['Cut'] })
      clip(): void {}
      @UpcastEvent('Pudel.Cut', 1)
      static first(data: { a: number }) {
        return { b: data.a };
      }
      @UpcastEvent('Clipped', 2)
      static second(data: { b: number }) {
        return { c: data.b };
      }
      @UpcastSnapshot(1)
      static snapshot(state: object) {
        return { ...state, curls: 1 };
      }
    }
    const definition = aggregateDefinition(Poodle);
    expect(definition).toMatchObject({ name: 'Poodle', names: ['Poodle', 'Pudel'], schemaVersion: 2 });
    expect([...definition.events.keys()].sort()).toEqual([
      'Clipped',
      'Cut',
      'Left',
      'Registered',
      'Renamed',
      'TrickAdded',
    ]);
    const clipped = definition.events.get('Cut')!;
    expect(clipped).toMatchObject({ name: 'Clipped', group: 'Poodle.Clipped', version: 3 });
    expect(upcast('Poodle.Cut', { a: 7 }, 1, clipped.version, clipped.steps)).toEqual({ c: 7 });
    expect(definition.snapshotSteps.get(1)!({ a: 1 })).toEqual({ a: 1, curls: 1 });
    expect(aggregateDefinition(Dog).events.size).toBe(4);
  });

  it('tells of a step that is missing, and of a version that is newer than the code', () => {
    const error = (work: () => unknown) => {
      try {
        return work();
      } catch (thrown) {
        return thrown;
      }
    };
    const steps = new Map([[1, (data: unknown) => data]]);
    expect(error(() => upcast('Dog.Sat', {}, 1, 3, steps))).toMatchObject({
      version: 1,
      known: 3,
      missing: 2,
    });
    expect(error(() => upcast('Dog.Sat', {}, 4, 3, steps))).toBeInstanceOf(EventVersionError);
  });

  const problems: [string, () => unknown, RegExp][] = [
    [
      'two events of one name',
      () => {
        @AggregateType('Cat')
        class Cat extends Aggregate {
          @AggregateEvent('Fed')
          feed(): void {}
          @AggregateEvent('Fed')
          feedAgain(): void {}
        }
        return Cat;
      },
      /^Cat\.feedAgain cannot be used: its event is called "Fed", as that of Cat\.feed is\./,
    ],
    [
      'an alias that is another event',
      () => {
        @AggregateType('Cat')
        class Cat extends Aggregate {
          @AggregateEvent('Fed')
          feed(): void {}
          @AggregateEvent('Eaten', { aliases: ['Fed'] })
          eat(): void {}
        }
        return Cat;
      },
      /^Cat\.eat cannot be used/,
    ],
    [
      'an event without a name',
      () => {
        @AggregateType('Cat')
        class Cat extends Aggregate {
          @AggregateEvent('')
          feed(): void {}
        }
        return Cat;
      },
      /^Cat\.feed cannot be used: expected its event to be called by a name without a dot, got ""/,
    ],
    [
      'a class without a name',
      () => {
        class Cat extends Aggregate {}
        return Cat;
      },
      /^Cat cannot be used: expected its type to be called by a name, got undefined/,
    ],
    [
      'a class that is no aggregate',
      () => class Table {},
      /^function Table cannot be used: expected a class that extends Aggregate\.$/,
    ],
    [
      'a step of an event that there is not',
      () => {
        @AggregateType('Cat')
        class Cat extends Aggregate {
          @UpcastEvent('Cat.Fed', 1)
          static first(data: unknown) {
            return data;
          }
        }
        return Cat;
      },
      /^Cat\.first cannot be used: no event is called "Cat\.Fed"\.$/,
    ],
    [
      'two steps from one version',
      () => {
        @AggregateType('Cat')
        class Cat extends Aggregate {
          @UpcastSnapshot(1)
          static first(data: unknown) {
            return data;
          }
          @UpcastSnapshot(1)
          static second(data: unknown) {
            return data;
          }
        }
        return Cat;
      },
      /^Cat\.second cannot be used: another method goes from version 1/,
    ],
    [
      'a class of events that has no name',
      () => {
        class Fed {}
        @AggregateType('Cat')
        class Cat extends Aggregate {
          @AggregateEvent(Fed)
          feed(): void {}
        }
        return Cat;
      },
      /^Cat\.feed cannot be used/,
    ],
  ];
  it.each(problems)('refuses %s', (_, make, message) => {
    expect(() => aggregateDefinition(make() as never)).toThrow(InvalidAggregateError);
    expect(() => aggregateDefinition(make() as never)).toThrow(message);
  });

  it('names class and method of an option that does not exist', () => {
    @AggregateType('Cat')
    class Cat extends Aggregate {
      @AggregateEvent('Fed', { vresion: 2 } as never)
      feed(): void {}
    }
    expect(() => aggregateDefinition(Cat)).toThrow(/^@AggregateEvent of Cat\.feed: unknown option "vresion"/);
  });

  it('takes the name of an event from its class, without that of the application', () => {
    @EventType('cats.Fed')
    class Fed {}
    @AggregateType('Cat')
    class Cat extends Aggregate {
      @AggregateEvent(Fed)
      feed(_: Fed): void {}
    }
    expect(aggregateDefinition(Cat).events.get('Fed')).toMatchObject({ group: 'Cat.Fed' });
  });
});
