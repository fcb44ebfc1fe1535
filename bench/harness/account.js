import { Aggregate, AggregateEvent, AggregateType } from './product.js';

/** The aggregate that the benchmarks save and load. Its state stays small, however many events it has had. */
export class Account extends Aggregate {
  balance = 0;

  deposited({ amount }) {
    this.balance += amount;
  }
}

AggregateType('Account')(Account);
const method = Object.getOwnPropertyDescriptor(Account.prototype, 'deposited');
AggregateEvent('Deposited')(Account.prototype, 'deposited', method);
Object.defineProperty(Account.prototype, 'deposited', method);

/** Data of the nth event: every contender stores the same. */
export function deposit(number) {
  return {
    amount: number % 500,
    donor: `donor ${number % 1000}`,
    message: 'Keep up the good work, all of you!',
  };
}

/** What an account has after so many. */
export function balanceAfter(count) {
  let balance = 0;
  for (let number = 0; number < count; number++) balance += deposit(number).amount;
  return balance;
}
