// Writes challenges.json: node sample-app/data/generate.mjs. The same seed gives the same file.
import { writeFileSync } from 'node:fs';

const START = '2026-03-02';
const random = mulberry32(20260302);

// How many challenges of which kind, with the days, counted from START, between which they start and run.
const KINDS = [
  { count: 40, start: [-120, -40], days: [10, 30] }, // over for long
  { count: 110, start: [-60, -5], days: [70, 150] }, // running
  { count: 80, start: [-3, 3], days: [20, 60] }, // just started: some get no donations within two days
  { count: 90, start: [-30, -8], days: [31, 38] }, // ending around the demo week
  { count: 60, start: [-20, -20], days: [18, 28] }, // ending within the demo week
  { count: 40, start: [4, 60], days: [14, 60] }, // not started yet
];
const GOALS = ['Run', 'Cycle', 'Hike', 'Swim', 'Bake', 'Knit', 'Read', 'Row', 'Climb', 'Sing'];
const CAUSES = [
  'the animal shelter',
  'clean water',
  'the school garden',
  'the mountain rescue',
  'the food bank',
  "O'Neill House",
];
const NAMES = ['Ada', 'Ben', 'Chloé', 'Dario', 'Elif', 'Fritz', 'Greta', 'Hana', 'Ivo', 'Jana'];
const FAMILIES = ['Keller', 'Moser', 'Özdemir', 'Rossi'];

const users = FAMILIES.flatMap((family) =>
  NAMES.map((name) => ({ name: `${name} ${family}`, email: `${ascii(name)}.${ascii(family)}@example.org` })),
);
const challenges = shuffle(
  KINDS.flatMap((kind) => Array.from({ length: kind.count }, () => challenge(kind))),
);
const lines = (records) => `[\n${records.map((record) => `    ${JSON.stringify(record)}`).join(',\n')}\n  ]`;
const json = `{\n  "start": "${START}",\n  "users": ${lines(users)},\n  "challenges": ${lines(challenges)}\n}\n`;
writeFileSync(new URL('./challenges.json', import.meta.url), json);

function challenge({ start, days }) {
  const first = between(start);
  const last = first + between(days);
  return {
    title: `${pick(GOALS)} for ${pick(CAUSES)}`,
    isActive: random() > 0.12,
    startDate: day(first),
    endDate: day(last),
    user: pick(users).email,
    donations: donations(first, Math.min(last, first + 40, 6)),
  };
}

/** Up to five donations from the first to the last day, half of them soon after the start. */
function donations(first, last) {
  const count = last < first ? 0 : Math.floor(random() * 6);
  const soon = Math.min(last, first + 5);
  return Array.from({ length: count }, () => between([first, random() < 0.5 ? soon : last]))
    .sort((a, b) => a - b)
    .map((date) => ({ donor: pick(NAMES), amountInCents: between([5, 200]) * 100, date: day(date) }));
}

function day(offset) {
  return new Date(Date.parse(START) + offset * 86_400_000).toISOString().slice(0, 10);
}

function between([low, high]) {
  return low + Math.floor(random() * (high - low + 1));
}

function pick(values) {
  return values[between([0, values.length - 1])];
}

function shuffle(values) {
  return values
    .map((value) => ({ value, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

function ascii(name) {
  return name
    .normalize('NFD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase();
}

/** Tommy Ettinger's generator: small, and the same numbers everywhere. */
function mulberry32(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
