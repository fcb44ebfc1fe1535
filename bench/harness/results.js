import { LABELS } from './databases.js';
import { readable } from './statistics.js';

const HEAD = `# Results

Written by the command below; [README.md](README.md) says what is measured, and how each peer is configured.

Contenders alternate within every round, each in a fresh process on a fresh database. Figures are minimum / **median** / maximum
over the rounds; the ratio is the median of the rounds' ratios, with the lowest and the highest. ✔ the figure to reach was
reached, ✘ it was not.
`;

/** The whole of RESULTS.md. */
export function results({ environment, answers, limits }) {
  const groups = [...new Set(answers.map(({ question }) => question.group))];
  return (
    [HEAD, environment.join('\n'), ...groups.map((group) => section(group, answers, limits))]
      .join('\n')
      .trimEnd() + '\n'
  );
}

/** One row for the terminal. */
export function rowLine(row) {
  const mark = row.reached === undefined ? '·' : row.reached ? '✔' : '✘';
  const figure = row.figure ? ` (to reach: ${figureText(row)})` : '';
  const theirs = row.to ? `, ${row.to} ${spread(row.theirs, row)}` : '';
  return `${mark} ${row.compared}: ${row.of} ${spread(row.ours, row)}${theirs}; ${ratioText(row)}${figure}`.replaceAll(
    '**',
    '',
  );
}

function section(group, answers, limits) {
  const own = answers.filter(({ question }) => question.group === group);
  const rows = own.flatMap((answer) => answer.rows.map((row) => ({ ...row, answer })));
  const lines = [`\n## ${group}\n`];
  if (rows.length > 0) {
    lines.push(
      '| question | contenders | database | rounds | of the first | of the second | ratio | to reach | |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    );
    lines.push(...rows.map(tableRow), '');
  }
  for (const { question, database, failed, skipped } of own) {
    if (failed) lines.push(`- ${question.name} on ${LABELS[database]} failed: ${failed.split('\n')[0]}`);
    if (skipped) lines.push(`- ${question.name} on ${LABELS[database]} was not asked: ${skipped}`);
  }
  for (const row of rows.filter(({ reached }) => reached === false)) lines.push(limitLine(row, limits));
  for (const note of new Set(own.flatMap(({ question }) => question.note ?? []))) lines.push(note);
  return lines.join('\n');
}

function tableRow(row) {
  const { answer, title, compared, rounds, ours, theirs, reached } = row;
  const mark = reached === undefined ? '' : reached ? '✔' : '✘ 🔴';
  const size = sizeText(answer.sizes);
  const cells = [
    `${title}${size}`,
    compared,
    LABELS[answer.database],
    rounds,
    spread(ours, row),
    theirs ? spread(theirs, row) : '–',
    ratioText(row),
    row.figure ? figureText(row) : '–',
    mark,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Kept by hand in limits.json under `question.row`, or `question.row@database` for one database. */
function limitLine({ answer, id, compared }, limits) {
  const key = `${answer.question.name}.${id}`;
  const limit = limits[`${key}@${answer.database}`] ?? limits[key] ?? 'not looked into yet';
  return `- ✘ \`${key}\` on ${LABELS[answer.database]} (${compared.split(':')[0]}): limited by: ${limit}`;
}

function spread({ min, median, max }, { unit }) {
  return `${readable(min)} / **${readable(median)}** / ${readable(max)} ${unit}`;
}

function ratioText({ to, ratio, difference, unit }) {
  if (!to) return spread(ratio, { unit });
  const [min, median, max] = [ratio.min, ratio.median, ratio.max].map((value) =>
    difference ? signed(value) : value.toFixed(2),
  );
  return difference ? `**${median}** (${min} … ${max}) ${unit}` : `**${median} ×** (${min} … ${max})`;
}

function figureText({ to, figure, difference, unit }) {
  const [number] = Object.values(figure);
  const value = !to ? `${number} ${unit}` : difference ? `+${number} ${unit}` : `${number} ×`;
  if (figure.atLeast !== undefined) return `≥ ${value}`;
  return figure.below === undefined ? `≤ ${value}` : `< ${value}`;
}

function signed(value) {
  return `${value < 0 ? '−' : '+'}${readable(Math.abs(value))}`;
}

function sizeText(sizes = {}) {
  return ` (${Object.entries(sizes)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? value.toLocaleString('en-GB') : value}`)
    .join(', ')})`;
}
