import { Aggregate, AggregateEvent, AggregateType, NAMESPACE_URL, uuidV5 } from 'nestjs-once';

/** A dog of the training school: there is no table of dogs, but what has happened to each. */
@AggregateType('Dog')
export class Dog extends Aggregate {
  name!: string;
  tricks: string[] = [];

  static idFor(name: string): string {
    return uuidV5(`/dogs/${name}`, NAMESPACE_URL);
  }

  static register(name: string): Dog {
    const dog = new Dog(Dog.idFor(name));
    dog.registered({ name });
    return dog;
  }

  @AggregateEvent('Registered')
  protected registered({ name }: { name: string }): void {
    this.name = name;
  }

  @AggregateEvent('TrickAdded')
  addTrick({ trick }: { trick: string }): void {
    this.tricks.push(trick);
  }
}
