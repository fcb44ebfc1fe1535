import { command } from '../command.js';
import { CommandFailedError, CommandInterruptedError } from '../errors.js';
import { table } from '../table.js';
import { option } from '../values.js';

export const rescan = command<{ dryRun?: true }>({
  name: 'rescan',
  summary: 'Passes entities through their model event sources, and records what is not in the log yet.',
  details: 'One re-scan runs at a time in all processes. One that was ended goes on where it stopped.',
  args: [['[entity...]', 'names of entities (default: all that have a source)']],
  options: [option('--dry-run', 'count what would be recorded, and write nothing')],
  examples: ['rescan --dry-run', 'rescan Challenge Donation'],
  async run({ args: [entities], tools, options: { dryRun = false }, out, signal }) {
    const names = entities as string[];
    const report = await tools.rescan.run({
      ...(names.length > 0 ? { entities: names } : {}),
      dryRun,
      signal,
      onProgress: ({ source, entity, rows, total, recorded }) =>
        out.progress.show(
          `${source} ${entity}: ${rows} of ${total} rows, ${recorded} new events`,
          total && rows / total,
        ),
    });
    const { totals, scans, interrupted } = report;
    await out.document(report, () => [
      ...table(
        ['source', 'entity', 'rows', 'events', dryRun ? 'would be new' : 'new', 'failed'],
        scans.map((scan) => [scan.source, scan.entity, scan.rows, scan.events, scan.recorded, scan.failed]),
      ),
      ...(dryRun ? ['A dry run: nothing was written.'] : []),
    ]);
    const far = `${totals.rows} rows were scanned, ${totals.recorded} new events ${dryRun ? 'found' : 'recorded'}`;
    if (signal.aborted) throw new CommandInterruptedError(`Ended: ${far}. The next run goes on there.`);
    for (const { source, errors } of scans)
      for (const { message, reason } of errors) out.say(`${source}: ${reason}: ${message}`);
    if (totals.failed > 0 || interrupted) throw new CommandFailedError(`${far}; ${totals.failed} failed.`);
  },
});
