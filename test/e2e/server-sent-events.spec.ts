import { Controller, Sse } from '@nestjs/common';
import { EventLog } from 'nestjs-once';
import { map, merge, of, startWith } from 'rxjs';
import { describeAnyDatabase } from '../support/databases.js';
import { ADAPTERS, type HttpApplication, startHttpApplication } from '../support/http-application.js';

/** Nest answers with the first item: this one says that the stream is being watched. */
const WATCHED = { data: 'watched' };

@Controller()
class Live {
  constructor(private readonly log: EventLog) {}

  @Sse('keys')
  keys() {
    return this.log.stream({ groups: 'shop.*' }).pipe(
      map(({ event }) => ({ data: event.key })),
      startWith(WATCHED),
    );
  }

  @Sse('merged')
  merged() {
    return merge(of(WATCHED), this.log.stream());
  }

  @Sse('careless')
  careless() {
    return this.log.stream().pipe(
      map((): typeof WATCHED => {
        throw new Error('careless');
      }),
      startWith(WATCHED),
    );
  }
}

describeAnyDatabase('the stream as server-sent events', (db) => {
  let http: HttpApplication;

  afterEach(() => http.close());

  const start = async (adapter: (typeof ADAPTERS)[number]) => {
    http = await startHttpApplication({
      adapter,
      database: await db.options(),
      options: {},
      controllers: [Live],
    });
  };

  const listen = async (path: string) => {
    const leaving = new AbortController();
    const answer = await fetch(`${http.url}/${path}`, { signal: leaving.signal });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    /** What comes until it has `wanted` in it, or ends. */
    const until = async (wanted: string) => {
      let text = '';
      while (!text.includes(wanted)) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
      }
      leaving.abort();
      return text;
    };
    return { type: answer.headers.get('content-type'), until };
  };

  it.each(ADAPTERS)('comes from a controller method that returns it (%s)', async (adapter) => {
    await start(adapter);
    const [keys, merged, careless] = [await listen('keys'), await listen('merged'), await listen('careless')];
    expect(keys.type).toContain('text/event-stream');
    await http.log.append({ group: 'shop.order', key: 'order_1' });
    expect(await keys.until('order_1')).toContain('data: order_1');
    expect(await merged.until('recorded')).toContain('recorded');
    // An operator that throws ends that stream, with Nest's word for it, and nothing else.
    expect(await careless.until('careless')).toContain('event: error');
    const later = await listen('keys');
    await http.log.append({ group: 'shop.order', key: 'order_2' });
    expect(await later.until('order_2')).toContain('data: order_2');
  });
});
