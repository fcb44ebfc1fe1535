// The real one, also where a test runner has put another in its place: what waits for it would wait for ever.
import { setImmediate } from 'node:timers';
import type { EntityLoader, EntityReference } from '../../payload/entity-port.js';
import type { Database } from '../../store/db/database.js';
import type { TypeOrmEntities } from '../../store/typeorm/typeorm-entities.js';
import type { Handler } from '../handler-set.js';
import { settledWithin } from '../../runtime/deadline.js';

/** Runs for one query, at most: the server plans a condition for each reference. */
const MOST = 50;
/** Milliseconds after which each is loaded alone, since one of them may be what takes long. */
const PATIENCE = 1000;

/** What an attempt's event refers to. */
interface Request {
  references: readonly EntityReference[];
  keys: readonly string[];
  done: (loaded: readonly (object | null)[]) => void;
  fail: (error: unknown) => void;
}

export interface JointLoadsParts {
  /** Loads entities for runs of this handler, on a connection of its own. */
  loaderOf: (handler: Handler) => EntityLoader;
  /** Equal for references to the same entity. */
  keyOf: (reference: EntityReference) => string;
}

/**
 * Loads what the events refer to of the runs of a handler that start in the same turn of the loop: by one query, where each
 * alone would take a connection and make a query. Each run gets instances of its own, and what fails or hangs for several
 * is tried for each alone, so that no run notices the others.
 */
export class JointLoads {
  private readonly waiting = new Map<Handler, Request[]>();

  constructor(private readonly parts: JointLoadsParts) {}

  loaderOf(handler: Handler): EntityLoader {
    return (references) =>
      new Promise((done, fail) => {
        const keys = references.map((reference) => this.parts.keyOf(reference));
        this.join(handler, { references, keys, done, fail });
      });
  }

  private join(handler: Handler, request: Request): void {
    const requests = this.waiting.get(handler);
    if (requests) return void requests.push(request);
    this.waiting.set(handler, [request]);
    setImmediate(() => this.send(handler));
  }

  private send(handler: Handler): void {
    const requests = this.waiting.get(handler) ?? [];
    this.waiting.delete(handler);
    const load = this.parts.loaderOf(handler);
    for (const group of disjoint(requests)) void loadTogether(group, load);
  }
}

/** Loads what events refer to for handlers that are in no transaction: a connection is taken only when there is a reference. */
export function entityLoads(
  database: Database,
  entities: TypeOrmEntities,
): (handler: Handler) => EntityLoader {
  const alone =
    ({ relations }: Handler): EntityLoader =>
    (references) =>
      database.run((sql) => entities.loader(sql.runner.manager, relations)(references));
  const joint = new JointLoads({ loaderOf: alone, keyOf: (reference) => entities.keyOf(reference) });
  return (handler) => (entities.shareRelated ? alone(handler) : joint.loaderOf(handler));
}

/** Groups in which no entity is asked for twice: of one query it would be one instance, which the runs would share. */
function disjoint(requests: readonly Request[]): Request[][] {
  const groups: { requests: Request[]; keys: Set<string> }[] = [];
  for (const request of requests) {
    let group = groups.find(
      (other) => other.requests.length < MOST && !request.keys.some((key) => other.keys.has(key)),
    );
    if (!group) groups.push((group = { requests: [], keys: new Set() }));
    group.requests.push(request);
    for (const key of request.keys) group.keys.add(key);
  }
  return groups.map((group) => group.requests);
}

async function loadTogether(requests: readonly Request[], load: EntityLoader): Promise<void> {
  if (requests.length === 1) return loadAlone(requests[0]!, load);
  const joint = load(requests.flatMap(({ references }) => references));
  // A failure shows when each is tried alone.
  if (!(await settledWithin(joint, PATIENCE).catch(() => false)))
    return void requests.forEach((request) => void loadAlone(request, load));
  const loaded = await joint;
  let from = 0;
  for (const { references, done } of requests) done(loaded.slice(from, (from += references.length)));
}

async function loadAlone({ references, done, fail }: Request, load: EntityLoader): Promise<void> {
  await load(references).then(done, fail);
}
