import type { Migration } from '../../ports/schema-sql.js';
import { log } from './migrations/0001-log.js';
import { append, dropAppend } from './migrations/0002-append.js';
import { dropSnapshots, snapshots } from './migrations/0003-snapshots.js';
import { decisions, dropDecisions } from './migrations/0004-decisions.js';
import { dropSubjectKeys, subjectKeys } from './migrations/0005-subject-keys.js';
import { dropFollowers, followers } from './migrations/0006-followers.js';
import { activeVersions, dropActiveVersions } from './migrations/0007-active-versions.js';
import { dropLanes, lanes } from './migrations/0008-lanes.js';
import { dropRunningVersions, runningVersions } from './migrations/0009-running-versions.js';

/** Migrations only add: the previous release goes on while they are run, and after. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'log', statements: log },
  { version: 2, name: 'append', statements: append, undo: dropAppend },
  { version: 3, name: 'snapshots', statements: snapshots, undo: dropSnapshots },
  { version: 4, name: 'decisions', statements: decisions, undo: dropDecisions },
  {
    version: 5,
    name: 'subject-keys',
    statements: subjectKeys,
    undo: dropSubjectKeys,
    irreplaceable: (t) => t.subjectKey,
  },
  {
    version: 6,
    name: 'followers',
    statements: followers,
    undo: dropFollowers,
    irreplaceable: (t) => t.followerPosition,
  },
  {
    version: 7,
    name: 'active-versions',
    statements: activeVersions,
    undo: dropActiveVersions,
    irreplaceable: (t) => t.followerActive,
  },
  {
    version: 8,
    name: 'lanes',
    statements: lanes,
    undo: dropLanes,
    irreplaceable: (t) => t.followerLane,
  },
  { version: 9, name: 'running-versions', statements: runningVersions, undo: dropRunningVersions },
  // PostgreSQL alone keeps the plan of this reading.
  { version: 10, name: 'tagged', statements: () => [], undo: () => [] },
];
