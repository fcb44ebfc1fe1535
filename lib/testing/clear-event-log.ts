import type { INestApplicationContext } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Engine } from '../module/engine.js';
import { enginesOf } from '../module/lifecycle.js';
import { remakeSchema } from '../store/db/schema.js';

/**
 * Empties the event log between tests: events, deliveries and requests to re-scan go, handlers stay known, and followers begin anew. Tables that
 * `dataSource.synchronize(true)` dropped are made again. To be called when nothing runs, as after `drain(app)`.
 */
export async function clearEventLog(app: INestApplicationContext): Promise<void> {
  for (const engine of enginesOf(app.get(DiscoveryService, { strict: false }))) await clear(engine);
}

async function clear({ parts, registrations }: Engine): Promise<void> {
  const { database, registry, commits, worker, followerSet, followerTable, following, horizon } = parts;
  await commits.flush();
  await worker.idle();
  if (await remakeSchema(database)) horizon.forget();
  else {
    const { tag, delivery, finished, event, rescan, rescanRequest, snapshot, subjectKey, forgetting } =
      database.tables;
    const { follower, followerPosition, followerEvent, followerActive, followerLane } = database.tables;
    await database.transaction(async (sql) => {
      for (const table of [
        tag,
        delivery,
        finished,
        event,
        rescan,
        rescanRequest,
        snapshot,
        subjectKey,
        forgetting,
        followerLane,
        followerEvent,
        followerPosition,
        followerActive,
        follower,
      ])
        await sql.change(`DELETE FROM ${table}`);
    });
  }
  await registry.register(registrations);
  if (followerSet.size > 0) await followerTable.register(followerSet.all);
  following.forget();
}
