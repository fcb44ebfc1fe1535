import { Controller, Get, Header, type MessageEvent, Sse } from '@nestjs/common';
import { EventLog } from 'nestjs-once';
import { readFile } from 'node:fs/promises';
import { filter, map, type Observable } from 'rxjs';
import { Tallies } from './tallies.js';
import type { Tally } from './tally.entity.js';

/** Nothing inline, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page, and what it shows. */
@Controller()
export class SiteController {
  constructor(
    private readonly log: EventLog,
    private readonly tallies: Tallies,
  ) {}

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', POLICY)
  page(): Promise<string> {
    return asset('index.html');
  }

  @Get('site/site.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  script(): Promise<string> {
    return asset('site.js');
  }

  @Get('site/site.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  styles(): Promise<string> {
    return asset('site.css');
  }

  @Get('site/icon.svg')
  @Header('Content-Type', 'image/svg+xml')
  icon(): Promise<string> {
    return asset('icon.svg');
  }

  @Get('site/tallies')
  totals(): Promise<Tally[]> {
    return this.tallies.all();
  }

  /** The page's events as this process handles them. */
  @Sse('site/handled')
  handled(): Observable<MessageEvent> {
    return this.log.stream({ groups: 'site.*' }).pipe(
      filter((item) => item.type === 'handled'),
      map(({ event: { key, group, data, occurredAt }, handler, outcome }) => ({
        data: { key, group, data, occurredAt, handler, outcome },
      })),
    );
  }
}

function asset(name: string): Promise<string> {
  return readFile(new URL(`public/${name}`, import.meta.url), 'utf8');
}
