import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ImportReport } from '../../store/log/event-archive.js';
import { command } from '../command.js';
import { CommandFailedError, CommandInterruptedError, CommandUsageError } from '../errors.js';
import { given, option, position } from '../values.js';

export const importLog = command<{ deliver?: true; after?: number }>({
  name: 'import',
  summary:
    'Records the events of an export that are not in the log yet, with keys, streams, versions, tags, times and metadata.',
  details:
    'At new positions, in the order of the lines. It may be ended, and begun again: a key is recorded once. No handler is started, unless ' +
    'asked for with --deliver: an event is never delivered later to the handlers that there are now.',
  args: [['[file]', 'an export (default: stdin)']],
  options: [
    option('--deliver', 'give the handlers that there are deliveries of what is imported'),
    option('--after <position>', 'leave out events up to this position of the log they come from', position),
  ],
  examples: ['import events.ndjson', 'import --deliver < events.ndjson'],
  async run({ args: [file], tools: { archive }, options: { deliver = false, after }, out, io, signal }) {
    const size = typeof file === 'string' ? await sizeOf(file) : undefined;
    const source = typeof file === 'string' ? createReadStream(file, { signal }) : io.stdin;
    let bytes = 0;
    const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for await (const piece of source as AsyncIterable<Uint8Array>) {
          bytes += piece.length;
          yield piece;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    };
    // Whoever writes to stdin may write nothing more for long.
    signal.addEventListener('abort', () => source.destroy());
    const report = await archive.import(pieces(), {
      ...given({ after }),
      deliver,
      signal,
      onProgress: (soFar) => out.progress.show(line(soFar), size ? bytes / size : undefined),
    });
    await out.document(report, () => [`${line(report)}.`]);
    assertWhole(report, signal);
  },
});

function assertWhole({ complete, position: reached, otherGroup }: ImportReport, signal: AbortSignal): void {
  if (signal.aborted) {
    throw new CommandInterruptedError(
      `Ended at position ${reached} of the log that was exported: begin again, or go on with --after ${reached}.`,
    );
  }
  if (otherGroup.length > 0)
    throw new CommandFailedError(
      `In the log under another group, and not imported: ${otherGroup.join(', ')}.`,
    );
  if (complete) return;
  throw new CommandFailedError(
    `The export has no last line, so it was ended before its end: what it has is imported. Go on with export --after ${reached}.`,
  );
}

function line({ imported, known, position: reached }: ImportReport): string {
  return `${imported} events imported, ${known} were there already; at position ${reached} of the log that was exported`;
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new CommandUsageError(`The file ${file} cannot be read: ${(error as Error).message}.`);
  }
}
