import { type Check, checks, type Evidence, type Row, rows, sum } from './outcome.js';

interface Column {
  title: string;
  value: Exclude<keyof Row, 'group'>;
}

const EVENTS: Column[] = [
  { title: 'expected', value: 'expected' },
  { title: 'recorded', value: 'recorded' },
];
const MAILS: Column[] = [
  { title: 'sent', value: 'mailed' },
  { title: 'duplicates', value: 'mailedAgain' },
  { title: 'lost', value: 'mailsLost' },
];
const TIMELINE: Column[] = [
  { title: 'rows', value: 'timeline' },
  { title: 'duplicates', value: 'timelineDuplicates' },
  { title: 'lost', value: 'timelineLost' },
];
const SECTIONS = [EVENTS, MAILS, TIMELINE];
const GROUP_WIDTH = 24;
const CELL_WIDTH = 5;

/** The lines that the demo ends with, and whether all figures are right. */
export function report(evidence: Evidence): { lines: string[]; ok: boolean } {
  const results = checks(evidence);
  const lines = [...table(rows(evidence)), '', ...results.map(describeCheck), ''];
  return { lines, ok: results.every(({ holds }) => holds) };
}

function table(body: Row[]): string[] {
  const heading = line('event group', ({ title }) => title);
  const rule = heading.replace(/[^|]/g, '-');
  const lines = body.map((row) => line(row.group, ({ value }) => row[value]));
  return [sectionTitles(), heading, rule, ...lines, rule, line('total', ({ value }) => sum(body, value))];
}

function sectionTitles(): string {
  const titles = ['events', 'mails', 'timeline (transactional)'];
  const padded = SECTIONS.map((section, index) =>
    titles[index]!.padEnd(section.map(blank).join('  ').length),
  );
  return [' '.repeat(GROUP_WIDTH), ...padded].join(' | ');
}

function line(group: string, cell: (column: Column) => string | number): string {
  const fill = (column: Column) => String(cell(column)).padStart(blank(column).length);
  return [group.padEnd(GROUP_WIDTH), ...SECTIONS.map((section) => section.map(fill).join('  '))].join(' | ');
}

function blank({ title }: Column): string {
  return ' '.repeat(Math.max(title.length, CELL_WIDTH));
}

function describeCheck({ claim, holds }: Check): string {
  return `${holds ? '✓' : '✗ NOT TRUE:'} ${claim}`;
}
