import { Aggregate, AggregateEvent, AggregateType } from 'nestjs-once';

/** The dog of the tests: one that has learned to bite has done so when it is refused, so that undoing shows. */
@AggregateType('Dog')
export class Dog extends Aggregate {
  name!: string;
  tricks: string[] = [];

  static register(id: string, name = id): Dog {
    const dog = new Dog(id);
    dog.registered({ name });
    return dog;
  }

  @AggregateEvent('Registered')
  protected registered({ name }: { name: string }): void {
    this.name = name;
  }

  @AggregateEvent('TrickAdded')
  addTrick({ trick }: { trick: unknown }): void {
    this.tricks.push(trick as string);
    if (trick === 'bite') throw new RangeError('a good dog does not bite');
  }

  @AggregateEvent('Renamed', ['name', 'reason'])
  rename(name: string, _reason?: string): string {
    this.name = name;
    return `${name}!`;
  }

  @AggregateEvent('Left', { closes: true })
  leave(): void {}
}
