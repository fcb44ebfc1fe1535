import type { Type } from '@nestjs/common';
import type * as swaggerPackage from '@nestjs/swagger';
import type { EventClass } from '../core/event-types.js';
import { ifInstalled } from '../core/optional-package.js';
import { MEDIA_TYPES } from './media-type.js';
import { ANSWER, bodySchema, ERROR, ERRORS, eventSchema, type Schema } from './openapi-schemas.js';
import { ENVELOPE } from './property-names.js';

type Swagger = typeof swaggerPackage;

/** What the documentation of a door says. */
export interface DoorDescription {
  /** The events that can be posted, by their names. */
  events: ReadonlyMap<string, EventClass>;
  maxEvents: number;
}

/** A controller class is described once: its applications have the same. */
const described = new WeakSet<Type>();

/** Tells `@nestjs/swagger`, where the application has it, what can be posted and what is answered. */
export async function describeDoor(controller: Type, description: DoorDescription): Promise<void> {
  const swagger = await ifInstalled('@nestjs/swagger', () => import('@nestjs/swagger'));
  if (!swagger || described.has(controller)) return;
  described.add(controller);
  const decorators = [...requestDecorators(swagger, description), ...answerDecorators(swagger)];
  apply(controller, 'ingest', decorators);
  for (const method of ['script', 'preflight']) apply(controller, method, [swagger.ApiExcludeEndpoint()]);
}

function requestDecorators(swagger: Swagger, { events, maxEvents }: DoorDescription): MethodDecorator[] {
  const { ApiOperation, ApiConsumes, ApiBody, ApiQuery, ApiHeader, ApiExtraModels } = swagger;
  const names = [...events.keys()];
  const schemas = [...events].map(([name, type]) => eventSchema(name, dataSchema(swagger, type)));
  const parameters: Schema = { type: 'object', additionalProperties: { type: 'string' } };
  return [
    ApiOperation({ summary: 'Record events, all of a request or none.' }),
    ApiExtraModels(...[...events.values()].filter(isModel)),
    ApiConsumes(...MEDIA_TYPES),
    ApiBody({ required: false, schema: bodySchema(schemas, maxEvents) as never }),
    ApiQuery({ name: ENVELOPE.name, required: false, schema: { type: 'string', enum: names } }),
    ApiQuery({
      name: 'data',
      required: false,
      description: "Without a body: the event's data, a parameter for each property.",
      style: 'form',
      explode: true,
      schema: parameters as never,
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: `Of one event; the same as its ${ENVELOPE.key}.`,
      schema: { type: 'string' },
    }),
  ];
}

function answerDecorators({ ApiResponse }: Swagger): MethodDecorator[] {
  const errors = Object.entries(ERRORS).map(([status, description]) =>
    ApiResponse({ status: Number(status), description, schema: ERROR }),
  );
  return [
    ApiResponse({ status: 202, description: 'Recorded, or known already.', schema: ANSWER }),
    ...errors,
  ];
}

/** The schema that the class's own `@ApiProperty()` give, where it has any. */
const dataSchema = ({ getSchemaPath }: Swagger, type: EventClass): Schema =>
  isModel(type) ? { $ref: getSchemaPath(type) } : { type: 'object', additionalProperties: true };

const isModel = (type: EventClass): boolean =>
  Reflect.hasMetadata('swagger/apiModelPropertiesArray', type.prototype as object);

function apply(controller: Type, method: string, decorators: readonly MethodDecorator[]): void {
  const prototype = controller.prototype as object;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method)!;
  for (const decorate of decorators) decorate(prototype, method, descriptor);
}
