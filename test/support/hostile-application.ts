import {
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  type NestInterceptor,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';

/** As in Nest's documentation: it writes a body of its own. */
@Catch(HttpException)
export class DocumentedFilter implements ExceptionFilter {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const statusCode = exception.getStatus();
    const body = { statusCode, timestamp: new Date().toISOString(), path: http.getRequest().url };
    http.getResponse().status(statusCode).send(body);
  }
}

/** Makes 200 of every answer, and wraps its body. */
export class Enveloping implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((data: unknown) => {
        context.switchToHttp().getResponse().status(200);
        return { success: true, data };
      }),
    );
  }
}

/** Refuses one of so many posts, in words that look like the log's. */
export class Refusing implements CanActivate {
  private count = 0;

  constructor(private readonly every = 1) {}

  canActivate(context: ExecutionContext): boolean {
    const isPost = context.switchToHttp().getRequest().method === 'POST';
    if (!isPost || this.count++ % this.every > 0) return true;
    throw new BadRequestException({ errors: [{ index: 0, code: 'NO', message: 'No.' }] });
  }
}
