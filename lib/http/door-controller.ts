import type { IncomingMessage } from 'node:http';
import {
  Controller,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Post,
  Req,
  Res,
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

/** What is behind the routes of one door. */
export interface DoorService {
  door: Door;
  /** Undefined where the client is not served. */
  script: ClientScript | undefined;
}

type PlatformRequest = IncomingMessage | { raw: IncomingMessage };

/** What Express and Fastify have in common. */
interface PlatformResponse {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** A controller class of its own for each door, since decorators belong to the class; `token` gives its `DoorService`. */
export function doorController({ path, guards }: ResolvedRoute, token: string): Type {
  /** Of no version, so that its path is the same with every way of versioning. */
  @Controller({ version: VERSION_NEUTRAL })
  class EventLogController {
    constructor(@Inject(token) private readonly service: DoorService) {}

    @Post(path)
    @HttpCode(202)
    @UseGuards(...guards)
    async ingest(
      @Req() request: PlatformRequest,
      @Res({ passthrough: true }) response: PlatformResponse,
    ): Promise<EventAnswer | EventsAnswer> {
      const message = messageOf(request);
      const answer = await this.service.door
        .ingest(message)
        .catch((error: unknown) => refuse(error, response));
      return answer ?? notFound(message);
    }

    @Get(`${path}.js`)
    async script(
      @Req() request: PlatformRequest,
      @Res({ passthrough: true }) response: PlatformResponse,
    ): Promise<string> {
      const message = messageOf(request);
      const answer = this.service.script?.answer(message) ?? notFound(message);
      for (const [name, value] of Object.entries(answer.headers)) response.header(name, value);
      response.status(answer.status);
      return answer.body;
    }
  }
  return EventLogController;
}

function refuse(error: unknown, response: PlatformResponse): never {
  if (!(error instanceof RefusedRequestError)) throw error;
  for (const [name, value] of Object.entries(error.headers)) response.header(name, value);
  throw exceptionOf(error);
}

/** As Nest answers where there is no route. */
function notFound({ method, url }: IncomingMessage): never {
  throw new NotFoundException(`Cannot ${method} ${url}`);
}
