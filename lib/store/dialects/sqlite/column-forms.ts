import { byName } from '../shared/forms-by-type.js';
import * as is from '../shared/value-forms.js';

const TEXTS = ['class String', 'varchar', 'nvarchar', 'text', 'character', 'nchar', 'clob', 'uuid'];

/** SQLite keeps what it is given; what TypeORM and the column's affinity make of it counts. */
export const SQLITE = byName(
  [['class Boolean', 'boolean'], () => is.isBoolean],
  [['class Number', 'int', 'integer', 'tinyint', 'smallint', 'mediumint', 'bigint'], () => is.whole(54)],
  [['int2', 'int8'], () => is.whole(54)],
  [['real', 'double', 'double precision', 'float', 'numeric', 'decimal'], () => is.isDouble],
  [TEXTS, () => is.text()],
  [['date'], () => is.isDay],
  [['time'], () => is.isTime],
  [['class Date', 'datetime'], () => is.instant(3)],
  [['json', 'simple-json'], () => is.json({ ordered: true, strings: true })],
  [['simple-array'], () => is.isSimpleArray],
  [['simple-enum'], ({ enum: members = [] }) => is.oneOf(members)],
);
