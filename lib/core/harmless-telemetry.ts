import { harmless } from './harmless.js';
import type { Telemetry } from './telemetry.js';

/**
 * The telemetry, of which nothing that throws, rejects or never ends keeps anything from being recorded, run, settled or
 * shut down: the work is done once, and its result is its own. `failed` is told of the first failure of each hook.
 */
export function harmlessTelemetry(
  telemetry: Telemetry,
  failed: (hook: string, error: unknown) => void,
): Telemetry {
  if (!telemetry.enabled) return telemetry;
  const tell = onceForEach(failed);
  const call = (hook: string, work: () => unknown) => void harmless(work, tell(hook));
  return {
    enabled: true,
    unseen: (work) => inside(work, (once) => telemetry.unseen(once), tell('unseen')),
    append: (events, work) => around(work, {}, (once) => telemetry.append(events, once), tell('append')),
    recorded: (group) => call('recorded', () => telemetry.recorded(group)),
    claimed: (events, since) => call('claimed', () => telemetry.claimed(events, since)),
    handle: (start, work, resultOf) =>
      around(
        work,
        undefined,
        (once) => telemetry.handle(start, () => once(undefined), resultOf),
        tell('handle'),
      ),
    settled: (handler, group, outcome) => call('settled', () => telemetry.settled(handler, group, outcome)),
    passed: (follower, events) => call('passed', () => telemetry.passed(follower, events)),
    setBack: (follower, group, then) => call('setBack', () => telemetry.setBack(follower, group, then)),
    scan: (source, entity, work, figures) =>
      around(
        work,
        undefined,
        (once) => telemetry.scan(source, entity, () => once(undefined), figures),
        tell('scan'),
      ),
    watchBacklog: (read) => call('watchBacklog', () => telemetry.watchBacklog(read)),
    watchClaims: (read) => call('watchClaims', () => telemetry.watchClaims(read)),
    watchFollowers: (read) => call('watchFollowers', () => telemetry.watchFollowers(read)),
    close: () => call('close', () => telemetry.close()),
  };
}

function onceForEach(
  failed: (hook: string, error: unknown) => void,
): (hook: string) => (error: unknown) => void {
  const told = new Set<string>();
  return (hook) => (error) => {
    if (told.has(hook)) return;
    told.add(hook);
    failed(hook, error);
  };
}

/** Does the work once, inside of the hook or, where that does not begin it, outside. */
function inside<T>(work: () => T, hook: (once: () => T) => unknown, failed: (error: unknown) => void): T {
  let done: { result: T } | undefined;
  const once = () => (done ??= { result: work() }).result;
  harmless(() => void hook(once), failed);
  return once();
}

/** Does the work once, with what the hook gives it; where the hook returns without having begun it, with `otherwise`. */
function around<Given, T>(
  work: (given: Given) => Promise<T>,
  otherwise: Given,
  hook: (once: (given: Given) => Promise<T>) => Promise<T>,
  failed: (error: unknown) => void,
): Promise<T> {
  let done: Promise<T> | undefined;
  let rejection: { error: unknown } | undefined;
  const once = (given: Given) => {
    done ??= work(given);
    done.catch((error: unknown) => (rejection = { error }));
    return done;
  };
  void harmless(
    () =>
      hook(once).then(
        () => undefined,
        // What the work was rejected with is told to whoever asked for it.
        (error: unknown) => rejection?.error === error || failed(error),
      ),
    failed,
  );
  return done ?? once(otherwise);
}
