import { Injectable } from '@nestjs/common';
import { type AggregateRepository, InjectAggregates } from 'nestjs-once';
import { Dog } from './dog.js';

@Injectable()
export class TrainingSchool {
  constructor(@InjectAggregates(Dog) private readonly dogs: AggregateRepository<Dog>) {}

  async register(name: string): Promise<void> {
    await this.dogs.save(Dog.register(name));
  }

  async addTrick(name: string, trick: string): Promise<void> {
    await this.dogs.update(Dog.idFor(name), (dog) => dog.addTrick({ trick }));
  }

  async tricksOf(name: string): Promise<readonly string[]> {
    return (await this.dogs.get(Dog.idFor(name))).tricks;
  }
}
