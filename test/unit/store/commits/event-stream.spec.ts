import {
  config,
  type ConnectableObservable,
  firstValueFrom,
  isObservable,
  map,
  merge,
  mergeWith,
  Observable,
  publish,
  Subject,
  tap,
  toArray,
} from 'rxjs';
import { EventStream, type StreamItem } from '../../../../lib/store/commits/event-stream.js';

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
    ['rejects as an observer', (observe) => observe().subscribe({ next: reject } as object)],
    [
      'throws behind an operator that takes others in',
      (observe) => observe().pipe(mergeWith(observe())).subscribe(fail),
    ],
    [
      'throws behind a function of its own',
      (observe) =>
        observe()
          .pipe((source) => source)
          .subscribe(fail),
    ],
    ['throws behind two pipes', (observe) => observe().pipe(map(brief)).pipe(map(String)).subscribe(fail)],
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

  it('is an observable to rxjs, alone, merged and behind operators', async () => {
    const observable = stream.observe({});
    const piped = observable.pipe(map(brief));
    for (const each of [observable, piped]) {
      expect(each).toBeInstanceOf(Observable);
      expect(isObservable(each)).toBe(true);
      expect(Object.keys(each)).not.toEqual(expect.arrayContaining(['subscribe', 'pipe']));
    }
    expect(observable.pipe()).toBe(observable);
    const first = firstValueFrom(observable);
    const failed = firstValueFrom(observable.pipe(map(fail)));
    const merged = firstValueFrom(merge(piped, stream.observe({}).pipe(map(brief))).pipe(toArray()));
    const each = piped.forEach(fail);
    stream.tell(item('a'));
    stream.end();
    expect(brief(await first)).toBe('a');
    await expect(failed).rejects.toBe(thrown);
    expect(await merged).toEqual(['a', 'a']);
    await expect(each).rejects.toBe(thrown);
    expect([failures, unhandled]).toEqual([[], []]);
    expect(stream.isWatched).toBe(false);
  });

  it('is left by whoever unsubscribes behind operators', () => {
    const subscription = stream.observe({}).pipe(map(brief)).pipe(map(String)).subscribe();
    expect(stream.isWatched).toBe(true);
    subscription.unsubscribe();
    expect(stream.isWatched).toBe(false);
  });

  it('changes nothing of what an operator of the application returned', () => {
    const theirs = new Observable<string>((subscriber) => subscriber.next('theirs'));
    const seen: string[] = [];
    const result = stream.observe({}).pipe(() => theirs);
    result.subscribe((each) => seen.push(each));
    expect(Reflect.ownKeys(theirs)).toEqual(Reflect.ownKeys(new Observable(() => undefined)));
    const subject = new Subject<string>();
    expect(stream.observe({}).pipe(() => subject)).toBe(subject);
    const connectable = stream.observe({}).pipe(publish()) as ConnectableObservable<StreamItem>;
    connectable.subscribe((each) => seen.push(brief(each)));
    connectable.connect();
    stream.tell(item('a'));
    expect(seen).toEqual(['theirs', 'a']);
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
