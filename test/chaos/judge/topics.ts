import { digestAfter } from '../app/plan.js';
import type { Evidence } from './evidence.js';
import type { Verdict } from './verdict.js';

type TopicCounts = 'decisionsWrong' | 'decisionsLost' | 'decisionsUncommitted';

type TopicEvidence = Pick<Evidence, 'topics' | 'decided' | 'undecided'>;

/** What must not have happened to decisions. The log is replayed here, and not by the library that is under test. */
export function judgeTopics(evidence: TopicEvidence): Pick<Verdict, TopicCounts> {
  const { topics, decided, undecided } = evidence;
  const keys = new Set(topics.map(({ key }) => key));
  return {
    decisionsWrong: wrongDecisions(topics),
    decisionsLost: decided
      .filter(({ key }) => !keys.has(key))
      .map(({ key, process }) => `${key} was told of in ${process}, and is not in the log`),
    decisionsUncommitted: undecided
      .filter(({ key }) => keys.has(key))
      .map(({ key, process }) => `${key} is in the log, and was refused or rolled back in ${process}`),
  };
}

/** Each was made of what matches before it in the log, and of nothing else. */
function wrongDecisions(topics: Evidence['topics']): string[] {
  const events = [...topics].sort((a, b) => a.position - b.position);
  return events.flatMap(({ key, tags, seen }, index) => {
    if (seen === undefined) return [];
    const before = events.slice(0, index).filter((event) => event.tags.some((tag) => tags.includes(tag)));
    const expected = before.map((event) => event.key).reduce(digestAfter, 0);
    return seen === expected
      ? []
      : [`${key} was made of ${seen}, expected ${expected}: ${before.length} events before it`];
  });
}
