import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { sourceOf } from './application.js';
import { event } from './product.js';

/** The entity that the benchmarks save and scan. */
export class Donation {}

PrimaryGeneratedColumn()(Donation.prototype, 'id');
Column('varchar', { length: 100 })(Donation.prototype, 'donor');
Column('int')(Donation.prototype, 'amount');
Column('varchar', { length: 200 })(Donation.prototype, 'message');
Entity()(Donation);

export const DONATION_GROUP = 'donation_made';
export const PLEDGE_GROUP = 'pledge_made';

function* made(donation) {
  yield event(DONATION_GROUP, donation.id, { donation });
}

/** One event for each donation, with a reference to it, tagged with it. */
export const DonationEvents = sourceOf(Donation, made);

export const UntaggedDonationEvents = sourceOf(Donation, made, { tagged: false });

/** An entity that has a source where `Donation` has none. */
export class Pledge {}

PrimaryGeneratedColumn()(Pledge.prototype, 'id');
Column('int')(Pledge.prototype, 'amount');
Entity()(Pledge);

export const PledgeEvents = sourceOf(Pledge, function* (pledge) {
  yield event(PLEDGE_GROUP, pledge.id, { pledge });
});

export function donation(number) {
  return Object.assign(new Donation(), {
    donor: `donor ${number % 1000}`,
    amount: number % 500,
    message: 'Keep up the good work, all of you!',
  });
}
