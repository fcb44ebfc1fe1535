import { byName, lengthOf } from '../shared/forms-by-type.js';
import type { StoredForm } from '../../ports/column-forms.js';
import * as is from '../shared/value-forms.js';

const TIMES = ['timestamp', 'timestamptz', 'timestamp without time zone', 'timestamp with time zone'];

/**
 * Types that PostgreSQL, `pg` and TypeORM hand out as they were given. Not those of which PostgreSQL has one form for many
 * (money, interval, inet, ranges, …), and not `real`, which has fewer digits than a number.
 */
export const POSTGRES = byName(
  [['class Boolean', 'boolean', 'bool'], () => is.isBoolean],
  [['class Number', 'int', 'integer', 'int4'], () => is.whole(32)],
  [['smallint', 'int2'], () => is.whole(16)],
  [['bigint', 'int8'], () => is.isWholeText],
  [['double precision', 'float8'], () => is.isDouble],
  [
    ['decimal', 'numeric'],
    ({ precision, scale }) => is.decimalText(scale ?? (typeof precision === 'number' ? 0 : undefined)),
  ],
  // Spaces behind the length are cut off.
  [['class String', 'varchar', 'character varying'], (column) => is.text(lengthOf(column, Infinity))],
  [['text', 'citext'], () => is.text()],
  [['char', 'character'], (column) => padded(lengthOf(column, 1))],
  [['uuid'], () => is.isUuid],
  [['bytea'], () => is.isBuffer],
  [['date'], () => is.isDay],
  [['time', 'time without time zone'], () => is.isTime],
  [['class Date', ...TIMES], ({ precision }) => is.instant(precision ?? 6)],
  [['json', 'simple-json'], () => is.json({ ordered: true, strings: true })],
  [['jsonb'], () => is.json({ ordered: false, strings: true })],
  [['simple-array'], () => is.isSimpleArray],
  [['enum', 'simple-enum'], ({ enum: members = [] }) => is.oneOf(members)],
);

/** Shorter texts come back with spaces. */
function padded(length: number): StoredForm {
  const fits = is.text(length);
  return (value) => fits(value) && (value as string).length === length;
}
