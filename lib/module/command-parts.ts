import type { EntityManager } from 'typeorm';
import { CommandResults } from '../commands/command-results.js';
import { Commands } from '../commands/commands.js';
import type { ExecutionParts } from '../commands/execution.js';
import type { Emission } from '../store/log/event-recorder.js';
import type { LogParts } from './log-parts.js';

/** What sends commands and waits for their results. */
export interface CommandParts {
  commands: Commands;
  execution: ExecutionParts;
}

export function composeCommands({ store, types, database, eventLog, commits }: LogParts): CommandParts {
  const record = async (manager: EntityManager | undefined, emission: Emission) =>
    (await store.recordWith(manager, [emission]))[0]!;
  const get = (key: string) => eventLog.get(key);
  const results = new CommandResults(get);
  commits.on(results);
  const isInTransaction = () => database.joined() !== undefined;
  return {
    commands: new Commands({ types, results, record, isInTransaction, get }),
    execution: {
      eventLog,
      record,
      isKnown: async (key, runner) => (await store.byKey(key, runner)) !== undefined,
    },
  };
}
