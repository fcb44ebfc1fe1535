import { IsInt, Min, registerDecorator } from 'class-validator';
import { EventType, EventValidationError, RequireKeys } from 'nestjs-once';
import { Aggregate, PENDING } from '../../../lib/aggregates/aggregate.js';
import { aggregateDefinition } from '../../../lib/aggregates/aggregate-definition.js';
import { AggregateEvent } from '../../../lib/aggregates/aggregate-event.decorator.js';
import { AggregateType } from '../../../lib/aggregates/aggregate-type.decorator.js';
import { InvalidAggregateError } from '../../../lib/aggregates/errors.js';

@EventType('bank.Deposited', { whitelist: true })
@RequireKeys('account')
class Deposited {
  @IsInt()
  @Min(1)
  amount: number;
  account: string;
  currency = 'EUR';
  get text(): string {
    return `${this.amount} ${this.currency}`;
  }
  validate(): string | undefined {
    return this.account === 'closed' ? 'the account is closed' : undefined;
  }
}

@AggregateType('Account')
class Account extends Aggregate {
  texts: string[] = [];
  @AggregateEvent(Deposited)
  deposit(event: Partial<Deposited>): void {
    this.texts.push((event as Deposited).text);
  }
}

describe('an event of an aggregate that a class stands for', () => {
  it('has the data that the class accepts, of which the body gets an instance', () => {
    const account = new Account('a');
    account.deposit({ amount: 5, account: 'a', ...{ stray: 1 } });
    expect(account.texts).toEqual(['5 EUR']);
    expect(account[PENDING]).toMatchObject([
      { name: 'Deposited', data: { amount: 5, account: 'a', currency: 'EUR' } },
    ]);
    expect(Object.keys(account[PENDING][0]!.data as object)).not.toContain('stray');
    expect(aggregateDefinition(Account).events.get('Deposited')).toMatchObject({
      group: 'Account.Deposited',
    });
  });

  it('is refused where the class does not accept it, and leaves the aggregate as it was', () => {
    const account = new Account('a');
    for (const data of [{ amount: 0, account: 'a' }, { amount: 1 }, { amount: 1, account: 'closed' }])
      expect(() => account.deposit(data)).toThrow(EventValidationError);
    expect(() => account.deposit(7 as never)).toThrow(/expected an object, got 7/);
    expect(account).toEqual(new Account('a'));
  });

  it('is refused at bootstrap where the class has asynchronous rules', () => {
    const IsKnown = () => (target: object, propertyName: string) =>
      registerDecorator({
        name: 'isKnown',
        async: true,
        target: target.constructor,
        propertyName,
        validator: { validate: async () => true },
      });
    @EventType('bank.Known')
    class Known {
      @IsKnown()
      id: string;
    }
    @EventType('bank.Later')
    class Later {
      async validate(): Promise<boolean> {
        return true;
      }
    }
    for (const [type, reason] of [
      [Known, 'a rule of its property id is asynchronous'],
      [Later, 'validate() is asynchronous'],
    ] as const) {
      @AggregateType('Bank')
      class Bank extends Aggregate {
        @AggregateEvent(type)
        happen(_: object): void {}
      }
      expect(() => aggregateDefinition(Bank)).toThrow(InvalidAggregateError);
      expect(() => aggregateDefinition(Bank)).toThrow(
        `Bank.happen cannot be used: its event's class ${type.name} has`,
      );
      expect(() => aggregateDefinition(Bank)).toThrow(reason);
    }
  });
});
