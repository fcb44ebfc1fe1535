import { JsonScan } from './json-scan.js';
import { type BodyFormat, utf8 } from './media-type.js';
import { parameters } from './parameters.js';
import { ENVELOPE } from './property-names.js';
import { malformed, tooLarge } from './refused-request.js';

export interface ContentLimits {
  /** Events in one request. */
  maxEvents: number;
  /** Objects and arrays within each other in one event; 1: none but the event itself. */
  maxDepth: number;
}

/** The content of a request: where its events stand. */
export interface RequestContent {
  /** Behind the question mark, as it came. */
  query: string;
  format: BodyFormat | undefined;
  body: Uint8Array;
}

/** What a request holds, each event still one object with its envelope. */
export interface PostedObjects {
  /** An array or NDJSON came, so that an array is answered. */
  isMany: boolean;
  objects: unknown[];
}

/** Reads the events out of a request. Throws `RefusedRequestError` where it is malformed or holds too many. */
export function postedObjects({ query, format, body }: RequestContent, limits: ContentLimits): PostedObjects {
  if (body.length === 0) return { isMany: false, objects: [parameters(query)] };
  const name = nameIn(query);
  const posted = parsed(utf8(body), format!, limits);
  if (posted.objects.length > limits.maxEvents) throw tooMany(posted.objects.length, limits);
  return name === undefined ? posted : { isMany: false, objects: [named(posted, name)] };
}

function parsed(text: string, format: BodyFormat, limits: ContentLimits): PostedObjects {
  switch (format) {
    case 'form':
      return { isMany: false, objects: [parameters(text)] };
    case 'json': {
      const json = parseJson(text, limits.maxDepth);
      return Array.isArray(json)
        ? { isMany: true, objects: atLeastOne(json) }
        : { isMany: false, objects: [json] };
    }
    case 'ndjson':
      return { isMany: true, objects: parseLines(text, limits) };
  }
}

function parseLines(text: string, limits: ContentLimits): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > limits.maxEvents) throw tooMany(lines.length, limits);
  return atLeastOne(lines.map((line, index) => parseLine(line, limits.maxDepth, index)));
}

function parseLine(line: string, maxDepth: number, index: number): unknown {
  const json = parseJson(line, maxDepth, index);
  if (!Array.isArray(json)) return json;
  throw malformed(
    'MALFORMED_JSON',
    `Line ${index + 1} is an array: expected one object on each line.`,
    index,
  );
}

function parseJson(text: string, maxDepth: number, index?: number): unknown {
  new JsonScan(text, maxDepth, index).run();
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const where = index === undefined ? 'The body' : `Line ${index + 1}`;
    throw malformed('MALFORMED_JSON', `${where} is not JSON: ${(error as Error).message}.`, index);
  }
}

/**
 * The event's name beside a body. Other parameters are no data, but for guards, proxies and the like; of the envelope
 * nothing else may stand there, since it would be passed by. What is wrong is the address, not an event.
 */
function nameIn(query: string): string | undefined {
  const inQuery = new URLSearchParams(query);
  const other = [ENVELOPE.key, ENVELOPE.occurredAt].find((name) => inQuery.has(name));
  if (other !== undefined) {
    const expected = `expected it in the body, and of an event nothing but ${ENVELOPE.name} in the query`;
    throw malformed('MALFORMED_REQUEST', `The query has ${other} beside a body: ${expected}.`);
  }
  const [name, ...more] = inQuery.getAll(ENVELOPE.name);
  if (more.length > 0) throw malformed('REPEATED_PROPERTY', `The query has ${ENVELOPE.name} twice.`);
  return name;
}

function named({ isMany, objects }: PostedObjects, name: string): unknown {
  const [object] = objects;
  if (isMany) {
    const message = `The query has ${ENVELOPE.name}, but the body holds many events: expected it in each of them.`;
    throw malformed('MALFORMED_REQUEST', message);
  }
  if (typeof object !== 'object' || object === null) return object;
  if (!Object.hasOwn(object, ENVELOPE.name)) return { ...object, [ENVELOPE.name]: name };
  throw malformed('REPEATED_PROPERTY', `${ENVELOPE.name} is given in the query and in the body.`, 0);
}

function atLeastOne(objects: unknown[]): unknown[] {
  if (objects.length > 0) return objects;
  throw malformed('NO_EVENTS', 'The body holds no event: expected at least one.');
}

const tooMany = (count: number, { maxEvents }: ContentLimits) =>
  tooLarge('TOO_MANY_EVENTS', `The request holds ${count} events: expected at most ${maxEvents} in one.`);
