// Writes the tables of options into the pages that have them; `npm run docs:options` formats them afterwards.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PAGES, shownOptions, withTables } from './option-tables.js';

const root = join(import.meta.dirname, '../..');
const shown = shownOptions(root);
for (const page of PAGES) {
  const path = join(root, page);
  writeFileSync(path, withTables(readFileSync(path, 'utf8'), shown));
}
