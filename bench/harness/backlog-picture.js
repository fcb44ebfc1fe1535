import { backlogSeries } from '../questions/backlog.js';
import { median, readable } from './statistics.js';

const WIDTH = 720;
const HEIGHT = 560;
const PLOT = { left: 84, right: 24, height: 190 };
const PANELS = [
  {
    top: 56,
    title: 'Deliveries per second',
    lines: [{ metric: 'perSecond', name: 'drained by one process', style: 'a' }],
    logarithmic: false,
  },
  {
    top: 320,
    title: 'Milliseconds from commit to handler',
    lines: [
      { metric: 'p50', name: 'median', style: 'a' },
      { metric: 'p99', name: '99th percentile', style: 'b' },
    ],
    logarithmic: true,
  },
];

/** Both themes, by the reader's setting: an image in a page gets no style from it. */
const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #334155 }
    .title { font-size: 15px; font-weight: 600; fill: #0f172a }
    .grid { stroke: #cbd5e1; stroke-width: 1 }
    .a { stroke: #1d4ed8; fill: #1d4ed8 }
    .b { stroke: #c2410c; fill: #c2410c }
    path { fill: none !important; stroke-width: 2 }
    text.a, text.b { stroke: #ffffff; stroke-width: 4; paint-order: stroke }
    .spread { stroke-width: 6; opacity: .25 }
    .back { fill: #ffffff }
    @media (prefers-color-scheme: dark) {
      text { fill: #cbd5e1 }
      .title { fill: #f1f5f9 }
      .grid { stroke: #334155 }
      .a { stroke: #93c5fd; fill: #93c5fd }
      .b { stroke: #fdba74; fill: #fdba74 }
      .back { fill: #0f172a }
      text.a, text.b { stroke: #0f172a }
    }`;

/** Throughput and latency against the backlog, as SVG. */
export function backlogPicture(answer) {
  const series = backlogSeries(answer);
  const label =
    'Throughput and latency of one process against the number of deliveries that wait for another, stopped handler';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
  <title>${label}</title>
  <style>${STYLE}
  </style>
  <rect class="back" width="${WIDTH}" height="${HEIGHT}" rx="8"/>
${PANELS.map((panel) => drawPanel(panel, series)).join('\n')}
  <text x="${WIDTH / 2}" y="${HEIGHT - 10}" text-anchor="middle">pending deliveries of a handler that no process runs</text>
</svg>
`;
}

function drawPanel(panel, series) {
  const y = verticalScale(panel, series);
  const x = (index) => PLOT.left + 30 + (index * (WIDTH - PLOT.left - PLOT.right - 60)) / (series.length - 1);
  const bottom = panel.top + PLOT.height;
  return [
    `  <text class="title" x="20" y="${panel.top - 22}">${panel.title}</text>`,
    ...y.ticks.map((tick) => gridLine(y.at(tick), shortNumber(tick))),
    ...series.map(
      ({ backlog }, index) =>
        `  <text x="${round(x(index))}" y="${bottom + 22}" text-anchor="middle">${backlog.toLocaleString('en-GB')}</text>`,
    ),
    ...panel.lines.flatMap((line) => drawLine(line, series, x, y.at)),
    ...(panel.lines.length > 1 ? panel.lines.map((line, index) => legend(line, panel.top, index)) : []),
  ].join('\n');
}

/** The line through the medians, with what the rounds spread over behind each. */
function drawLine({ metric, style }, series, x, y) {
  const points = series.map(({ rounds }, index) => {
    const values = rounds.map((round) => round[metric]);
    return {
      x: round(x(index)),
      y: y(median(values)),
      low: y(Math.min(...values)),
      high: y(Math.max(...values)),
      text: readable(median(values)),
    };
  });
  return [
    ...points.map(
      (point) =>
        `  <line class="spread ${style}" x1="${point.x}" y1="${point.low}" x2="${point.x}" y2="${point.high}"/>`,
    ),
    `  <path class="${style}" d="M${points.map((point) => `${point.x} ${point.y}`).join(' L')}"/>`,
    ...points.map((point) => `  <circle class="${style}" cx="${point.x}" cy="${point.y}" r="3.5"/>`),
    ...points.map(
      (point) =>
        `  <text class="${style}" x="${point.x}" y="${round(point.y - 10)}" text-anchor="middle">${point.text}</text>`,
    ),
  ];
}

function gridLine(y, text) {
  return `  <line class="grid" x1="${PLOT.left}" y1="${y}" x2="${WIDTH - PLOT.right}" y2="${y}"/>
  <text x="${PLOT.left - 10}" y="${round(y + 4)}" text-anchor="end">${text}</text>`;
}

function legend({ name, style }, top, index) {
  const x = WIDTH - PLOT.right - 230 + index * 100;
  return `  <circle class="${style}" cx="${x}" cy="${top - 27}" r="4"/>
  <text x="${x + 10}" y="${top - 22}">${name}</text>`;
}

function verticalScale({ top, lines, logarithmic }, series) {
  const values = series.flatMap(({ rounds }) =>
    rounds.flatMap((round) => lines.map(({ metric }) => round[metric])),
  );
  const ticks = logarithmic
    ? powersAround(Math.min(...values), Math.max(...values))
    : stepsTo(Math.max(...values));
  const place = (value) => (logarithmic ? Math.log(value) : value);
  const [low, high] = [place(ticks[0]), place(ticks.at(-1))];
  return { ticks, at: (value) => round(top + PLOT.height * (1 - (place(value) - low) / (high - low))) };
}

/** From 0 up to what holds the value, in at most six steps of 1, 2 or 5 times a power of ten. */
function stepsTo(value) {
  const power = 10 ** Math.floor(Math.log10(value / 5));
  const step = [1, 2, 5, 10]
    .map((factor) => factor * power)
    .find((candidate) => value * 1.08 <= candidate * 6);
  const count = Math.ceil((value * 1.08) / step);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** 1, 2 and 5 times powers of ten, from below the one value to above the other. */
function powersAround(low, high) {
  const candidates = [];
  for (let power = -2; power <= 5; power++)
    candidates.push(...[1, 2, 5].map((factor) => factor * 10 ** power));
  const first = candidates.findLastIndex((candidate) => candidate <= low);
  const last = candidates.findIndex((candidate) => candidate >= high * 1.1);
  return candidates.slice(first, last + 1);
}

function shortNumber(value) {
  return Number(value.toPrecision(2)).toLocaleString('en-GB');
}

function round(value) {
  return Math.round(value * 10) / 10;
}
