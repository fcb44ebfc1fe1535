import type { EntityManager } from 'typeorm';
import { ChangedReads } from '../../../lib/sources/changed-reads.js';
import type { RegisteredSource } from '../../../lib/sources/registered-source.js';
import type { SourceContext } from '../../../lib/sources/source-context.js';

const source = (more: Partial<RegisteredSource> = {}) =>
  ({ name: 'One', on: new Set(['update']), rescan: {}, ...more }) as RegisteredSource;

const context: SourceContext = {
  reason: 'update',
  now: new Date(0),
  manager: {} as EntityManager,
  changed: ['title'],
};

describe('what a source reads of its context', () => {
  let warnings: string[];
  let reads: ChangedReads;

  beforeEach(() => {
    warnings = [];
    reads = new ChangedReads((line) => warnings.push(line));
  });

  it('is what it is, watched or not', () => {
    expect({ ...reads.watched(source(), context) }).toEqual(context);
    expect(reads.watched(source(), context)).toBe(context);
  });

  it('says nothing of a source that does not look at what was changed', () => {
    const { reason, now, manager } = reads.watched(source(), context);
    expect([reason, now, manager]).toEqual([context.reason, context.now, context.manager]);
    reads.bulkWrite(source());
    expect(warnings).toEqual([]);
  });

  it('says that it goes by what was changed, once, and of each source', () => {
    for (const name of ['One', 'Two', 'One']) {
      reads.bulkWrite(source({ name }));
      expect(reads.watched(source({ name }), context).changed).toEqual(['title']);
    }
    expect(warnings).toEqual([expect.stringContaining('"One"'), expect.stringContaining('"Two"')]);
  });

  it.each([
    ['that no re-scan runs', { rescan: undefined }],
    ['whose author has said what a re-scan finds', { hasOwnRescan: true }],
  ])('is not watched of a source %s', (_, more) => {
    expect(reads.watched(source(more), context)).toBe(context);
  });
});
