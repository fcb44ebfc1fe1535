import { checks, type Evidence, rows } from '../../../sample-app/demo/outcome.js';

const KEYS = ['challenge_created_1', 'challenge_created_2'];

/** Two events, both handled by both handlers; one mail was sent again after a kill. */
function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    expected: { challenge_created: 2, challenge_inactivity_2d: 0, challenge_ends_2d: 0, challenge_ended: 0 },
    database: database(),
    mails: new Map([
      [KEYS[0]!, 1],
      [KEYS[1]!, 2],
    ]),
    unnoted: new Set([KEYS[1]!]),
    kills: 1,
    plannedKills: 1,
    newOnFirstDay: 0,
    ...changes,
  };
}

function database(changes: Partial<Evidence['database']> = {}): Evidence['database'] {
  const recorded = KEYS.map((key) => ({ key, group: 'challenge_created' }));
  return { recorded, timeline: KEYS, deliveries: { succeeded: 4 }, ...changes };
}

function broken(changes: Partial<Evidence>): string[] {
  return checks(evidence(changes))
    .filter(({ holds }) => !holds)
    .map(({ claim }) => claim);
}

describe('The outcome of the demo', () => {
  it('is right when only a mail that was not noted as sent was sent again', () => {
    expect(broken({})).toEqual([]);
    expect(rows(evidence())[0]).toMatchObject({
      expected: 2,
      recorded: 2,
      mailed: 2,
      mailedAgain: 1,
      timeline: 2,
    });
  });

  it.each<[string, Partial<Evidence>]>([
    [
      'an event is missing',
      { database: database({ recorded: [{ key: KEYS[0]!, group: 'challenge_created' }] }) },
    ],
    ['a mail was lost', { mails: new Map([[KEYS[0]!, 1]]) }],
    ['a mail was sent without an event', { mails: new Map([...evidence().mails, ['challenge_ended_9', 1]]) }],
    ['a mail was sent again that had been noted as sent', { unnoted: new Set() }],
    ['a row is missing', { database: database({ timeline: KEYS.slice(1) }) }],
    ['a row is there twice', { database: database({ timeline: [...KEYS, KEYS[0]!] }) }],
    ['a delivery is dead', { database: database({ deliveries: { succeeded: 3, dead: 1 } }) }],
    ['a re-scan found what was recorded already', { newOnFirstDay: 1 }],
    ['the worker was killed too seldom', { kills: 0 }],
  ])('is wrong when %s', (_, changes) => {
    expect(broken(changes)).not.toEqual([]);
  });
});
