import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Options,
  Post,
  Req,
  Res,
  SetMetadata,
  type Type,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import type { ClientScript } from './client-script.js';
import type { Door } from './door.js';
import { type EventAnswer, type EventsAnswer, exceptionOf } from './http-answer.js';
import type { ResolvedRoute } from './http-options.js';
import { messageOf } from './platform.js';
import { RefusedRequestError } from './refused-request.js';
import { pronounce, RECORDED } from './verdict.js';

/** What is behind the routes of one door. */
export interface DoorService {
  door: Door;
  /** Undefined where the client is not served. */
  script: ClientScript | undefined;
}

type PlatformRequest = IncomingMessage | { raw: IncomingMessage };

/** What Express and Fastify have in common. */
type PlatformResponse = (ServerResponse | { raw: ServerResponse }) & {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
  send(body: string): unknown;
};

/** Keeps `@fastify/cors`, which `app.enableCors()` brings, from answering in the door's place. */
const NotOfCors = SetMetadata('__fastify_route_config__', { cors: false });

/** A controller class of its own for each door, since decorators belong to the class; `token` gives its `DoorService`. */
export function doorController({ path, guards }: ResolvedRoute, token: string): Type {
  /** Of no version, so that its path is the same with every way of versioning. */
  @Controller({ version: VERSION_NEUTRAL })
  class EventLogController {
    constructor(@Inject(token) private readonly service: DoorService) {}

    @Post(path)
    @HttpCode(202)
    @NotOfCors
    @UseGuards(ownAnswer(token), ...guards)
    async ingest(
      @Req() request: PlatformRequest,
      @Res({ passthrough: true }) response: PlatformResponse,
    ): Promise<EventAnswer | EventsAnswer> {
      const message = messageOf(request);
      const answer = await this.service.door
        .ingest(message)
        .catch((error: unknown) => refuse(error, response));
      if (!answer) return notFound(message);
      pronounce(messageOf(response), RECORDED);
      return answer;
    }

    /** The front answers a preflight; what comes here is none. */
    @Options(path)
    @NotOfCors
    preflight(@Req() request: PlatformRequest): never {
      return notFound(messageOf(request));
    }

    /** Sent past Nest: an interceptor that wraps what is returned would make no script of it. */
    @Get(`${path}.js`)
    script(@Req() request: PlatformRequest, @Res() response: PlatformResponse): void {
      const message = messageOf(request);
      const answer = this.service.script?.answer(message) ?? notFound(message);
      for (const [name, value] of Object.entries(answer.headers)) response.header(name, value);
      response.status(answer.status);
      response.send(answer.body);
    }
  }
  return EventLogController;
}

/** The first guard, which comes after all middleware: other origins are answered by the door itself. */
function ownAnswer(token: string): Type<CanActivate> {
  class OwnAnswer implements CanActivate {
    constructor(@Inject(token) private readonly service: DoorService) {}

    canActivate(context: ExecutionContext): boolean {
      const http = context.switchToHttp();
      const response = messageOf(http.getResponse<PlatformResponse>());
      this.service.door.reclaim(messageOf(http.getRequest<PlatformRequest>()), response);
      return true;
    }
  }
  return OwnAnswer;
}

function refuse(error: unknown, response: PlatformResponse): never {
  if (!(error instanceof RefusedRequestError)) throw error;
  for (const [name, value] of Object.entries(error.headers)) response.header(name, value);
  if (error.verdict) pronounce(messageOf(response), error.verdict);
  throw exceptionOf(error);
}

/** As Nest answers where there is no route. */
function notFound({ method, url }: IncomingMessage): never {
  throw new NotFoundException(`Cannot ${method} ${url}`);
}
