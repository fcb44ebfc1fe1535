import { insteadOf, passedByKey, unseenWrites } from '../../../lib/sources/entity-calls.js';
import type { RegisteredSource } from '../../../lib/sources/registered-source.js';
import type { WriteReason } from '../../../lib/sources/source-context.js';

const source = (name: string, ...on: WriteReason[]) =>
  ({ name, on: new Set(on), rescan: {} }) as unknown as RegisteredSource;

describe('calls that give entities', () => {
  it.each<[WriteReason, string]>([
    ['insert', 'save()'],
    ['update', 'save()'],
    ['remove', 'remove()'],
    ['soft-remove', 'softRemove()'],
    ['recover', 'recover()'],
  ])('are, instead of a bulk %s, %s', (write, call) => {
    expect(insteadOf(write)).toBe(`Use ${call} with entities`);
  });

  it('are named for the sources on removals, which do not see what is written by key', () => {
    const sources = [source('Made', 'insert'), source('Gone', 'remove'), source('Back', 'update', 'recover')];
    expect(passedByKey(sources)).toBe(
      'Gone, Back: what is written by key, without an entity, is not seen: delete(id) (use remove()), restore(id) (use recover()).',
    );
  });

  it('are not spoken of where no source is on removals', () => {
    expect(passedByKey([source('Made', 'insert', 'update')])).toBeUndefined();
  });

  it('are named for the sources that no re-scan runs, which miss what is written in bulk', () => {
    const unscanned = { ...source('Renamed', 'update'), rescan: undefined };
    expect(unseenWrites([source('Made', 'insert'), unscanned])).toEqual([
      'Renamed: with rescan: false, what is written in bulk, without entities, is not seen: insert(), update(), query builders (use save()).',
    ]);
    expect(unseenWrites([source('Made', 'insert')])).toEqual([]);
  });
});
