import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { byName, lengthOf } from '../shared/forms-by-type.js';
import type { StoredForm } from '../../ports/column-forms.js';
import * as is from '../shared/value-forms.js';

/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const BYTES = 3;

/**
 * Types that MariaDB, MySQL, `mysql2` and TypeORM hand out as they were given, also where the server's mode makes it cut
 * off what has no room. Not those that have one form for many (bit, year, set, binary), and not `float`.
 */
export const MYSQL = byName(
  [['class Boolean', 'boolean', 'bool'], () => is.isBoolean],
  [['class Number', 'int', 'integer'], ({ unsigned }) => is.whole(32, unsigned)],
  [['tinyint'], ({ unsigned }) => is.whole(8, unsigned)],
  [['smallint'], ({ unsigned }) => is.whole(16, unsigned)],
  [['mediumint'], ({ unsigned }) => is.whole(24, unsigned)],
  [['bigint'], () => is.isWholeText],
  [
    ['double', 'double precision'],
    ({ precision }) => (typeof precision === 'number' ? undefined : is.isDouble),
  ],
  [['decimal', 'numeric', 'dec', 'fixed'], ({ scale }) => is.decimalText(scale ?? 0)],
  [['class String', 'varchar', 'nvarchar'], (column) => inCharset(column, is.text(lengthOf(column, 255)))],
  [['char'], (column) => inCharset(column, trimmed(lengthOf(column, 1)))],
  [['tinytext'], (column) => inCharset(column, is.text(255 / BYTES))],
  [['text'], (column) => inCharset(column, is.text(65_535 / BYTES))],
  [['mediumtext', 'longtext'], (column) => inCharset(column, is.text(16_777_215 / BYTES))],
  [['uuid'], () => is.isUuid],
  [['longblob', 'mediumblob'], () => is.isBuffer],
  [['date'], () => is.isDay],
  [['time'], ({ precision }) => (precision ? undefined : is.isTime)],
  [['class Date', 'datetime', 'timestamp'], ({ precision }) => is.instant(precision ?? 0)],
  // A JSON string that reads as JSON again comes back as that.
  [['json'], () => is.json({ ordered: false, strings: false })],
  [['simple-json'], () => is.json({ ordered: true, strings: true })],
  [['simple-array'], () => is.isSimpleArray],
  [['enum', 'simple-enum'], ({ enum: members = [] }) => is.oneOf(members)],
);

/** Trailing spaces are taken off. */
function trimmed(length: number): StoredForm {
  const fits = is.text(length);
  return (value) => fits(value) && !(value as string).endsWith(' ');
}

/** In a character set other than UTF-8 some characters become question marks. */
function inCharset({ charset }: ColumnMetadata, form: StoredForm): StoredForm | undefined {
  return !charset || charset.startsWith('utf8mb4') ? form : undefined;
}
