import type { Command } from './command.js';
import { deliveriesCancel } from './commands/deliveries-cancel.js';
import { deliveriesList } from './commands/deliveries-list.js';
import { deliveriesRetry } from './commands/deliveries-retry.js';
import { eventsRead } from './commands/events-read.js';
import { eventsSearch } from './commands/events-search.js';
import { eventsShow } from './commands/events-show.js';
import { exportLog } from './commands/export.js';
import { followersGraph } from './commands/followers-graph.js';
import { followersList } from './commands/followers-list.js';
import { followersMove } from './commands/followers-move.js';
import { followersPause } from './commands/followers-pause.js';
import { followersResume } from './commands/followers-resume.js';
import { followersSkip } from './commands/followers-skip.js';
import { forget } from './commands/forget.js';
import { handlersList } from './commands/handlers-list.js';
import { handlersPause } from './commands/handlers-pause.js';
import { handlersResume } from './commands/handlers-resume.js';
import { importLog } from './commands/import.js';
import { migrate } from './commands/migrate.js';
import { prune } from './commands/prune.js';
import { rebuildFollower } from './commands/rebuild-follower.js';
import { resetFollower } from './commands/reset-follower.js';
import { rescan } from './commands/rescan.js';
import { snapshot } from './commands/snapshot.js';
import { status } from './commands/status.js';
import { syncFollowers } from './commands/sync-followers.js';

/** All commands, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  migrate,
  status,
  eventsRead,
  eventsSearch,
  eventsShow,
  rescan,
  deliveriesList,
  deliveriesRetry,
  deliveriesCancel,
  handlersList,
  handlersPause,
  handlersResume,
  followersList,
  followersGraph,
  followersPause,
  followersResume,
  followersSkip,
  followersMove,
  syncFollowers,
  resetFollower,
  rebuildFollower,
  snapshot,
  forget,
  prune,
  exportLog,
  importLog,
];
