import { AggregateNotFoundError } from '../../aggregates/errors.js';
import { command } from '../command.js';
import { CommandFailedError, CommandInterruptedError } from '../errors.js';
import { option } from '../values.js';

export const snapshot = command<{ application?: string }>({
  name: 'snapshot',
  summary: 'Takes snapshots of aggregates as they are, from which later loads begin.',
  details: 'One that is there for the version stays.',
  args: [
    ['<type>', "the name of the aggregates' type"],
    ['[id...]', 'their ids (default: all of the type)'],
  ],
  options: [option('--application <name>', 'of this application, where several have the type')],
  examples: ['snapshot Dog fido rex', 'snapshot Dog'],
  async run({ args: [type, ids], tools, options: { application }, out, signal }) {
    const repository = tools.aggregates(type as string, application);
    const given = ids as string[];
    let taken = 0;
    const missing: string[] = [];
    for await (const id of given.length > 0 ? given : repository.ids()) {
      if (signal.aborted) break;
      try {
        await repository.snapshot(id);
        taken++;
      } catch (error) {
        if (!(error instanceof AggregateNotFoundError)) throw error;
        missing.push(id);
      }
      out.progress.show(`${taken} snapshots`, given.length > 0 ? taken / given.length : undefined);
    }
    await out.document({ taken, missing }, () => [`${taken} snapshots of ${type as string} were taken.`]);
    if (signal.aborted) throw new CommandInterruptedError(`Ended: ${taken} snapshots were taken.`);
    if (missing.length > 0)
      throw new CommandFailedError(`There is no ${type as string} ${missing.join(', ')}.`);
  },
});
