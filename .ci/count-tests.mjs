// `count-tests.mjs LOG TEXT LOG TEXT…`: says of each log what Jest counted there, after its text, and in the last line the
// sums: `N passed, N failed`. From Jest's own summary, since a command that is run word for word takes no other reporter.
import { existsSync, readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const KINDS = ['passed', 'failed', 'skipped'];
const total = { passed: 0, failed: 0, skipped: 0 };

const words = process.argv.slice(2);
for (let index = 0; index < words.length; index += 2) {
  const [file, description] = words.slice(index, index + 2);
  const log = existsSync(file) ? stripVTControlCharacters(readFileSync(file, 'utf8')) : '';
  const run = sumOf(log, /^Tests: .*$/gm);
  for (const kind of KINDS) total[kind] += run[kind];
  const files = sumOf(log, /^Test Suites: .*$/gm).failed;
  console.log(`  ${description}: ${counts(run)}${files > 0 ? `; ${files} test files failed` : ''}`);
  for (const [line] of log.matchAll(
    /^ *(SQLite|PostgreSQL|MariaDB|MySQL|Browser): (tested|not tested).*$/gm,
  )) {
    console.log(`    ${line.trim()}`);
  }
}
console.log(counts(total));

/** Sums of what such lines count; a log has one for each run of Jest that came to its end. */
function sumOf(log, lines) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const [line] of log.matchAll(lines)) {
    for (const kind of KINDS) sum[kind] += Number(new RegExp(`(\\d+) ${kind}`).exec(line)?.[1] ?? 0);
  }
  return sum;
}

function counts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
