import { digestAfter } from '../app/plan.js';
import type { Evidence, TopicEvent } from './evidence.js';
import { judgeTopics } from './topics.js';

const digestOf = (...keys: string[]) => keys.reduce(digestAfter, 0);

const topics: TopicEvent[] = [
  { key: 'entry_1', group: 'entry', position: 1, tags: ['topic:0'] },
  { key: 'entry_2', group: 'entry', position: 2, tags: ['topic:2'] },
  { key: 'choice_3', group: 'choice', position: 3, tags: ['topic:0', 'topic:1'], seen: digestOf('entry_1') },
  {
    key: 'choice_5',
    group: 'choice',
    position: 5,
    tags: ['topic:1', 'topic:2'],
    seen: digestOf('entry_2', 'choice_3'),
  },
];
const flawless = {
  topics,
  decided: [{ process: 'p1', key: 'choice_3' }],
  undecided: [{ process: 'p1', key: 'choice_4' }],
};

/** How much of what was found. */
function foundIn(changes: Partial<Pick<Evidence, 'topics' | 'decided' | 'undecided'>>): object {
  const found = Object.entries(judgeTopics({ ...flawless, ...changes }));
  return Object.fromEntries(found.flatMap(([count, { length }]) => (length > 0 ? [[count, length]] : [])));
}

describe('the judge of decisions', () => {
  it('finds nothing where nothing went wrong', () => {
    expect(foundIn({})).toEqual({});
  });

  it('finds a decision that did not see an event before it', () => {
    const unseen: TopicEvent = { key: 'entry_0', group: 'entry', position: 0, tags: ['topic:1'] };
    expect(foundIn({ topics: [unseen, ...topics] })).toEqual({ decisionsWrong: 2 });
  });

  it('finds a decision that saw an event which is not in the log', () => {
    expect(foundIn({ topics: topics.slice(1) })).toEqual({ decisionsWrong: 1 });
  });

  it('finds a decision that was told of and is not in the log', () => {
    expect(foundIn({ decided: [{ process: 'p1', key: 'choice_4' }] })).toEqual({ decisionsLost: 1 });
  });

  it('finds a decision that was refused and is in the log', () => {
    expect(foundIn({ undecided: [{ process: 'p1', key: 'choice_3' }] })).toEqual({ decisionsUncommitted: 1 });
  });
});
