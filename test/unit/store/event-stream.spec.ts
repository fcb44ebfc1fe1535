import { config, map, Subject, tap } from 'rxjs';
import { EventStream, type StreamItem } from '../../../lib/store/event-stream.js';

const item = (key: string): StreamItem => ({
  type: 'recorded',
  event: {
    position: 1,
    key,
    group: 'g',
    data: undefined,
    metadata: { correlationId: key },
    occurredAt: new Date(0),
    recordedAt: new Date(0),
  },
});

describe('the event stream', () => {
  /** What rxjs would throw where nobody can catch it. */
  const unhandled: unknown[] = [];
  let failures: unknown[];
  let stream: EventStream;

  beforeEach(() => {
    failures = [];
    unhandled.length = 0;
    config.onUnhandledError = (error) => unhandled.push(error);
    stream = new EventStream((error) => failures.push(error));
  });

  afterEach(() => {
    config.onUnhandledError = null;
  });

  /** rxjs tells of what is unhandled by a timer of 0 ms. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

  it('is watched for as long as somebody is subscribed', () => {
    expect(stream.isWatched).toBe(false);
    const observable = stream.observe({});
    expect(stream.isWatched).toBe(false);
    const [one, two] = [observable.subscribe(), observable.subscribe()];
    one.unsubscribe();
    expect(stream.isWatched).toBe(true);
    two.unsubscribe();
    expect(stream.isWatched).toBe(false);
  });

  const thrown = new Error('careless');
  const fail = (): never => {
    throw thrown;
  };
  const reject: () => unknown = async () => Promise.reject(thrown);

  it.each<[string, (observe: () => ReturnType<EventStream['observe']>) => unknown]>([
    ['throws', (observe) => observe().subscribe(fail)],
    ['throws as an observer', (observe) => observe().subscribe({ next: fail })],
    ['rejects', (observe) => observe().subscribe(reject)],
    [
      'throws behind operators',
      (observe) =>
        observe()
          .pipe(
            map(brief),
            tap(() => undefined),
          )
          .subscribe(fail),
    ],
    [
      'has an operator that throws, and no error callback',
      (observe) => observe().pipe(map(fail)).subscribe(),
    ],
    ['throws in its error callback', (observe) => observe().pipe(tap(fail)).subscribe({ error: fail })],
  ])('tells of a subscriber that %s, and harms no other', async (_, subscribe) => {
    const seen: string[] = [];
    subscribe(() => stream.observe({}));
    stream.observe({}).subscribe((each) => seen.push(brief(each)));
    stream.tell(item('a'));
    stream.tell(item('b'));
    await settled();
    expect(seen).toEqual(['a', 'b']);
    expect(failures[0]).toBe(thrown);
    expect(unhandled).toEqual([]);
  });

  it('tells of a subscriber that throws at the end', async () => {
    stream.observe({}).subscribe({ complete: fail });
    stream.end();
    await settled();
    expect(failures).toEqual([thrown]);
    expect(unhandled).toEqual([]);
  });

  it('gives subjects and error callbacks what they ask for', () => {
    const subject = new Subject<StreamItem>();
    const seen: unknown[] = [];
    subject.subscribe({ next: (each) => seen.push(brief(each)), complete: () => seen.push('end') });
    stream.observe({}).subscribe(subject);
    stream
      .observe({})
      .pipe(map(fail))
      .subscribe({ error: (error: unknown) => seen.push(error) });
    stream.tell(item('a'));
    stream.end();
    expect(seen).toEqual(['a', thrown, 'end']);
    expect(failures).toEqual([]);
  });

  it('is over for those who come after its end', () => {
    let ended = false;
    stream.end();
    stream.tell(item('late'));
    stream.observe({}).subscribe({ complete: () => (ended = true) });
    expect(ended).toBe(true);
  });
});

function brief(each: StreamItem): string {
  return each.event.key;
}
