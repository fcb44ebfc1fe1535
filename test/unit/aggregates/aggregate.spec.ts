import { inspect, isDeepStrictEqual } from 'node:util';
import { Aggregate, PENDING } from '../../../lib/aggregates/aggregate.js';
import { AggregateEvent } from '../../../lib/aggregates/aggregate-event.decorator.js';
import { AggregateEventCallError, InvalidAggregateError } from '../../../lib/aggregates/errors.js';
import { PayloadEncodingError } from '../../../lib/payload/errors.js';
import { Dog } from '../../support/dog.js';

class Box extends Aggregate {
  content: unknown;
  inner?: Box;
  @AggregateEvent('Put')
  put(content: unknown): void {
    this.content = content;
  }
  @AggregateEvent('Nested')
  nest(): void {
    this.put(1);
  }
  @AggregateEvent('NestedElsewhere')
  nestElsewhere(): void {
    new Box('other').put(1);
  }
  @AggregateEvent('Later')
  async later(): Promise<void> {
    this.content = 'at once';
    await Promise.reject(new Error('nobody waits for this'));
  }
}

const thrownBy = (work: () => unknown): any => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('Expected it to throw');
};

describe('an aggregate', () => {
  it('applies the body of an event method and keeps the event', () => {
    const dog = Dog.register('fido', 'Fido');
    dog.addTrick({ trick: 'roll over' });
    expect(dog).toMatchObject({ id: 'fido', version: 2, name: 'Fido', tricks: ['roll over'] });
    expect(dog.collectPendingEvents()).toEqual([
      { name: 'Registered', version: 1, data: { name: 'Fido' }, occurredAt: dog.createdAt },
      { name: 'TrickAdded', version: 2, data: { trick: 'roll over' }, occurredAt: dog.modifiedAt },
    ]);
    expect(dog.collectPendingEvents()).toEqual([]);
  });

  it('keeps positional arguments under the names that are given', () => {
    const dog = Dog.register('fido');
    expect(dog.rename('Rex')).toBe('Rex!');
    dog.rename('Max', 'nicer');
    expect(dog[PENDING].slice(1).map(({ data }) => data)).toEqual([
      { name: 'Rex' },
      { name: 'Max', reason: 'nicer' },
    ]);
    expect(thrownBy(() => (dog as any).rename('a', 'b', 'c'))).toBeInstanceOf(AggregateEventCallError);
    expect(thrownBy(() => (dog as any).addTrick({ trick: 'a' }, 'b')).message).toMatch(
      /^Dog\.addTrick cannot be called like this: expected at most 1 arguments, got 2\. Name positional ones/,
    );
    expect(dog).toMatchObject({ version: 3, name: 'Max' });
  });

  it('has one time at its creation, and takes times that are given', () => {
    const dog = Dog.register('fido');
    expect(dog.createdAt).toBeInstanceOf(Date);
    expect(dog.modifiedAt).toEqual(dog.createdAt);
    const time = new Date('2020-01-02T03:04:05.006Z');
    expect(dog.at(time, () => dog.addTrick({ trick: 'sit' }))).toBeUndefined();
    expect(dog.modifiedAt).toEqual(time);
    expect(dog[PENDING][1]!.occurredAt).toEqual(time);
    dog.addTrick({ trick: 'stay' });
    expect(dog.modifiedAt.getTime()).toBeGreaterThanOrEqual(dog.createdAt.getTime());
    expect(thrownBy(() => dog.at(new Date(NaN), () => undefined))).toMatchObject({ code: 'INVALID_EVENT' });
  });

  it('is deep-equal to another of equal type, id, version, state and pending events, and shows them', () => {
    const time = new Date(0);
    const make = (trick: string) => {
      const dog = new Dog('fido');
      return dog.at(time, () => (dog.addTrick({ trick }), dog));
    };
    expect(isDeepStrictEqual(make('sit'), make('sit'))).toBe(true);
    expect(make('sit')).toEqual(make('sit'));
    expect(isDeepStrictEqual(make('sit'), make('stay'))).toBe(false);
    const collected = make('sit');
    collected.collectPendingEvents();
    expect(isDeepStrictEqual(make('sit'), collected)).toBe(false);
    expect(inspect(make('sit'), { depth: 3 })).toMatch(
      /^Dog \{[^]*id: 'fido'[^]*pending events[^]*TrickAdded/,
    );
  });

  it('is as it was before a body that threw', () => {
    const dog = Dog.register('fido', 'Fido');
    dog.addTrick({ trick: 'sit' });
    const twin = structuredClone({ ...dog });
    const pending = [...dog[PENDING]];
    expect(thrownBy(() => dog.addTrick({ trick: 'bite' }))).toBeInstanceOf(RangeError);
    expect({ ...dog, [PENDING]: undefined }).toEqual({ ...twin, [PENDING]: undefined });
    expect(dog[PENDING]).toEqual(pending);
    dog.addTrick({ trick: 'stay' });
    expect(dog).toMatchObject({ version: 3, tricks: ['sit', 'stay'] });
    const fresh = new Dog('rex');
    expect(thrownBy(() => fresh.addTrick({ trick: 'bite' }))).toBeInstanceOf(RangeError);
    expect(fresh).toEqual(new Dog('rex'));
  });

  it('keeps nothing of an argument that its caller changes later, nor of what a body does with it', () => {
    const dog = Dog.register('fido');
    const box = new Box('box');
    const given = {
      list: [1],
      at: new Date(0),
      map: new Map([['a', [1]]]),
      set: new Set([1]),
      bytes: Buffer.from('a'),
    };
    box.put(given);
    given.list.push(2);
    given.map.get('a')!.push(2);
    (box.content as typeof given).list.push(3);
    (box.content as typeof given).at.setTime(1);
    expect(box[PENDING][0]!.data).toEqual({
      list: [1],
      at: new Date(0),
      map: new Map([['a', [1]]]),
      set: new Set([1]),
      bytes: Buffer.from('a'),
    });
    expect(dog.version).toBe(1);
  });

  it.each([
    ['a function', { a: { b: [() => 1] } }, 'data.a.b[0]'],
    ['a symbol', { a: Symbol('s') }, 'data.a'],
    ['NaN', { a: NaN }, 'data.a'],
    ['an infinite number', [Infinity], 'data[0]'],
    ['undefined in an array', { a: [undefined] }, 'data.a[0]'],
    ['a promise', { a: Promise.resolve() }, 'data.a'],
    ['an invalid date', { a: new Date(NaN) }, 'data.a'],
    ['a symbol as key', { a: { [Symbol('s')]: 1 } }, 'data.a'],
    ['a function in a map', { a: new Map([['k', () => 1]]) }, 'data.a<Map>[0][1]'],
  ])('refuses %s where the event method is called, with its path', (_, data, path) => {
    const box = new Box('box');
    const error = thrownBy(() => box.put(data));
    expect(error).toBeInstanceOf(PayloadEncodingError);
    expect(error.path).toBe(path);
    expect(box).toEqual(new Box('box'));
  });

  it('refuses a cycle, and takes what is there twice', () => {
    const box = new Box('box');
    const cycle: Record<string, unknown> = {};
    cycle.a = { cycle };
    expect(thrownBy(() => box.put(cycle)).path).toBe('data.a.cycle');
    const shared = { n: 1 };
    box.put({ a: shared, b: shared });
    expect(box.content).toEqual({ a: { n: 1 }, b: { n: 1 } });
  });

  it('leaves instances of other classes to the codec', () => {
    class Money {
      cents = 5;
    }
    const box = new Box('box');
    box.put({ price: new Money() });
    expect(box.content).toEqual({ price: new Money() });
  });

  it('refuses an event within the body of another, of whatever aggregate', () => {
    const box = new Box('box');
    for (const work of [() => box.nest(), () => box.nestElsewhere()]) {
      expect(thrownBy(work)).toBeInstanceOf(AggregateEventCallError);
      expect(box).toEqual(new Box('box'));
    }
    box.put(1);
    expect(box.version).toBe(1);
  });

  it('refuses a body that returns a promise', () => {
    const box = new Box('box');
    expect(thrownBy(() => box.later()).message).toMatch(/its body returned a promise/);
    expect(box).toEqual(new Box('box'));
    box.put(1);
    expect(thrownBy(() => box.later())).toBeInstanceOf(AggregateEventCallError);
    expect(box).toMatchObject({ version: 1, content: 1 });
  });

  it('refuses an id that is no text', () => {
    for (const id of [undefined, '', 7])
      expect(thrownBy(() => new Dog(id as string))).toBeInstanceOf(InvalidAggregateError);
  });
});
