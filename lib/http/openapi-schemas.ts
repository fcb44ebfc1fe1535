import { ENVELOPE } from './property-names.js';

/** What is used of OpenAPI's schema objects. */
export interface Schema {
  type?: string;
  format?: string;
  description?: string;
  enum?: string[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
}

const STRING: Schema = { type: 'string' };

/** An event as it is posted: its data, which is the schema's, and beside it the names of the envelope. */
export function eventSchema(name: string, data: Schema): Schema {
  const envelope: Schema = {
    type: 'object',
    required: [ENVELOPE.name],
    properties: {
      [ENVELOPE.name]: {
        type: 'string',
        enum: [name],
        description: 'In the query instead where the body is one event.',
      },
      [ENVELOPE.key]: { type: 'string', description: 'The same key is recorded once. Default: a new one.' },
      [ENVELOPE.occurredAt]: { type: 'string', format: 'date-time', description: 'Default: now.' },
    },
  };
  return { allOf: [data, envelope] };
}

/** The body: one event or many. As NDJSON it is the same objects, one on each line. */
export function bodySchema(events: Schema[], maxItems: number): Schema {
  const event = events.length === 1 ? events[0]! : { oneOf: events };
  return { oneOf: [event, { type: 'array', minItems: 1, maxItems, items: event }] };
}

const RESULT: Schema = {
  type: 'object',
  required: ['key', 'recorded'],
  properties: {
    key: { type: 'string', description: 'Under which the event is in the log.' },
    recorded: { type: 'boolean', description: 'False when it was there already.' },
  },
};

/** The answer 202. */
export const ANSWER: Schema = {
  oneOf: [
    RESULT,
    { type: 'object', required: ['results'], properties: { results: { type: 'array', items: RESULT } } },
  ],
};

/** All other answers. */
export const ERROR: Schema = {
  type: 'object',
  required: ['statusCode', 'code', 'message', 'errors'],
  properties: {
    statusCode: { type: 'integer' },
    code: STRING,
    message: STRING,
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['index', 'code', 'message'],
        properties: {
          index: { type: 'integer', description: 'Place of the event in the request, from 0.' },
          code: STRING,
          message: STRING,
          event: STRING,
          properties: {
            type: 'array',
            items: {
              type: 'object',
              required: ['property', 'constraints'],
              properties: {
                property: STRING,
                constraints: { type: 'object', additionalProperties: STRING },
              },
            },
          },
        },
      },
    },
  },
};

export const ERRORS: Readonly<Record<number, string>> = {
  400: 'Malformed, an invalid name or invalid data.',
  403: 'Posted by a page of an origin that is not allowed, or refused by a guard.',
  404: 'No event of this name can be posted.',
  409: 'The key was used with other data.',
  413: 'Too large, or too many events.',
  415: 'Another content type, charset or encoding.',
  429: 'Too many requests: again after `Retry-After` seconds.',
  503: 'Cannot be recorded at the moment: again after `Retry-After` seconds.',
};
