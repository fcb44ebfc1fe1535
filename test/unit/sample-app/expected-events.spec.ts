import { type ChallengeRecord, readChallengeData } from '../../../sample-app/data/challenge-data.js';
import { expectedEvents } from '../../../sample-app/demo/expected-events.js';

const START = '2026-03-02';
const WEEK = Array.from({ length: 7 }, (_, index) => `2026-03-0${2 + index}`);

function expected(values: Partial<ChallengeRecord>) {
  const challenge = {
    title: '',
    isActive: true,
    startDate: START,
    endDate: '2026-12-31',
    user: '',
    donations: [],
  };
  const data = { start: START, users: [], challenges: [{ ...challenge, ...values }] };
  const figures = expectedEvents(data, WEEK);
  return Object.entries(figures).flatMap(([group, count]) =>
    count ? [group.replace('challenge_', '')] : [],
  );
}

function donation(date: string) {
  return { donor: 'Ben', amountInCents: 100, date };
}

describe('The expected events', () => {
  it.each<[string, Partial<ChallengeRecord>, string[]]>([
    ['an inactive challenge', { isActive: false, endDate: '2026-01-01' }, []],
    ['one that starts on the fifth day', { startDate: '2026-03-06' }, ['created']],
    [
      'one that starts on the fourth, without donations',
      { startDate: '2026-03-05' },
      ['created', 'inactivity_2d'],
    ],
    ['one with two donations in time', { donations: [donation(START), donation('2026-03-05')] }, ['created']],
    [
      'one with the second too late',
      { donations: [donation(START), donation('2026-03-06')] },
      ['created', 'inactivity_2d'],
    ],
    [
      'one that ends on the tenth',
      { startDate: '2026-03-08', endDate: '2026-03-10' },
      ['created', 'ends_2d'],
    ],
    ['one that ends on the eleventh', { startDate: '2026-03-08', endDate: '2026-03-11' }, ['created']],
    [
      'one that ends on the last day',
      { startDate: '2026-03-08', endDate: '2026-03-08' },
      ['created', 'ends_2d'],
    ],
    [
      'one that ends the day before',
      { startDate: '2026-03-07', endDate: '2026-03-07' },
      ['created', 'ends_2d', 'ended'],
    ],
  ])('of %s', (_, challenge, groups) => {
    expect(expected(challenge)).toEqual(groups);
  });

  it('of the data file are these', async () => {
    expect(expectedEvents(await readChallengeData(), WEEK)).toEqual({
      challenge_created: 372,
      challenge_inactivity_2d: 141,
      challenge_ends_2d: 103,
      challenge_ended: 84,
    });
  });
});
