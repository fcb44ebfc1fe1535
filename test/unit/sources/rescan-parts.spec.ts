import type { EntityMetadata } from 'typeorm';
import { SourceFailedError } from '../../../lib/sources/errors.js';
import { decodeCursor, encodeCursor } from '../../../lib/sources/rescan/page-cursor.js';
import { addFailure, newScanReport, sumUp } from '../../../lib/sources/rescan/rescan-report.js';
import { describeProgress } from '../../../lib/sources/rescan/scan-progress.js';

describe('page cursor', () => {
  const key = (columns: number) => ({ primaryColumns: Array(columns) }) as EntityMetadata;

  it('survives its text', () => {
    expect(decodeCursor(encodeCursor(['a"', 2]), key(2))).toEqual(['a"', 2]);
  });

  it.each(['', 'x', '{}', '[1]', 'null'])('is none from %p, where the key has two columns', (text) => {
    expect(decodeCursor(text, key(2))).toBeUndefined();
  });
});

describe('re-scan report', () => {
  it('keeps ten failures and counts all', () => {
    const report = newScanReport('source', 'Entity', false);
    const kept = Array.from({ length: 12 }, () => addFailure(report, { reason: 'source', message: 'm' }));
    expect([kept.filter(Boolean).length, report.errors.length, report.failed]).toEqual([10, 10, 12]);
  });

  it('sums up', () => {
    const scans = [newScanReport('a', 'E', false), newScanReport('b', 'E', true)];
    Object.assign(scans[0]!, { rows: 2, events: 3, recorded: 1, failed: 1, duration: 5 });
    Object.assign(scans[1]!, { rows: 1, duration: 5, interrupted: true });
    const totals = { rows: 3, events: 3, recorded: 1, failed: 1, duration: 10 };
    expect(sumUp(scans, false)).toMatchObject({ totals, interrupted: true, dryRun: false });
  });

  it('is told in a line', () => {
    const progress = { source: 'S', entity: 'E', rows: 10, total: 40, events: 9, recorded: 3, rate: 5.4 };
    expect(describeProgress({ ...progress, eta: 5500 })).toBe(
      'Re-scan of E by S: 10 of 40 rows, 3 new events, 5 rows/s, 6 s left',
    );
    expect(describeProgress(progress)).toBe('Re-scan of E by S: 10 of 40 rows, 3 new events, 5 rows/s');
  });
});

describe('SourceFailedError', () => {
  it.each([
    [17, '17'],
    [{ a: 1n, b: 'x' }, '{"a":"1","b":"x"}'],
    [undefined, 'undefined'],
  ])('names source, entity and id %p', (id, shown) => {
    const error = new SourceFailedError('S.events', 'Challenge', id, 'insert', new Error('why.'));
    expect(error.message).toContain(`"S.events" failed on Challenge ${shown}: why.`);
    expect(error).toMatchObject({
      name: 'SourceFailedError',
      source: 'S.events',
      entity: 'Challenge',
      reason: 'insert',
    });
  });
});
