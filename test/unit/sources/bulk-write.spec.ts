import { judgeBulkWrite } from '../../../lib/sources/bulk-write.js';
import type { RegisteredSource } from '../../../lib/sources/registered-source.js';
import type { WriteReason } from '../../../lib/sources/source-context.js';

function source(name: string, on: WriteReason[], more: Partial<RegisteredSource> = {}): RegisteredSource {
  return {
    name,
    place: name,
    on: new Set(on),
    tagged: true,
    rescan: {},
    classes: [],
    waits: true,
    run: () => undefined,
    ...more,
  };
}

function judged(reason: WriteReason, changed: string[] | undefined, sources: RegisteredSource[]) {
  const { rescan, missed } = judgeBulkWrite(reason, changed && new Set(changed), sources);
  return { rescan: rescan.map(({ name }) => name), missed: missed.map(({ name }) => name) };
}

describe('judgeBulkWrite', () => {
  const inserts = source('inserts', ['insert']);
  const updates = source('updates', ['update'], { columns: new Set(['title']) });
  const removals = source('removals', ['remove', 'soft-remove', 'recover']);
  const unscanned = source('unscanned', ['insert', 'update'], { rescan: undefined });
  const all = [inserts, updates, removals, unscanned];

  it.each<[WriteReason, string[] | undefined, string[], string[]]>([
    ['insert', undefined, ['inserts', 'updates'], ['unscanned']],
    ['update', undefined, ['updates'], ['unscanned']],
    ['update', ['title'], ['updates'], ['unscanned']],
    ['update', ['status'], [], ['unscanned']],
    ['update', [], [], []],
    ['remove', undefined, [], ['removals']],
    ['soft-remove', ['deletedAt'], [], ['removals']],
    ['recover', ['deletedAt'], [], ['removals']],
  ])('%s of %p', (reason, changed, rescan, missed) => {
    expect(judged(reason, changed, all)).toEqual({ rescan, missed });
  });

  it('a recover that a re-scan would notice is re-scanned', () => {
    expect(judged('recover', ['deletedAt'], [source('both', ['insert', 'recover'])])).toEqual({
      rescan: ['both'],
      missed: [],
    });
  });
});
