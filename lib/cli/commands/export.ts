import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { RecordedEvent } from '../../core/event.js';
import { asJson } from '../as-json.js';
import { command } from '../command.js';
import { CommandInterruptedError, CommandUsageError } from '../errors.js';
import type { Output } from '../output.js';
import { given, option, position, several } from '../values.js';

interface Options {
  output?: string;
  after?: number;
  until?: number;
  group?: string[];
  decode?: true;
}

export const exportLog = command<Options>({
  name: 'export',
  summary: 'Writes the log as it is stored, a line of JSON for each event.',
  details:
    'One that was ended goes on with --after, at the end of the same file. Encrypted and personal data stays encrypted, and its keys are ' +
    'not exported. --decode writes data as handlers get it, to be read and not to be imported.',
  options: [
    option(
      '-o, --output <file>',
      'a new file; with --after also one that is there, at its end (default: stdout)',
    ),
    option('--after <position>', 'events behind this position', position),
    option('--until <position>', 'events up to this position', position),
    several('--group <group>', 'events of this group, exact'),
    option('--decode', 'data deciphered and upcast'),
  ],
  examples: [
    'export -o events.ndjson',
    'export -o events.ndjson --after 120000',
    'export --decode | jq .data',
  ],
  async run({ tools: { archive }, options, out, signal }) {
    const { output, after, until, group: groups, decode } = options;
    const target = output === undefined ? out : await fileOf(output, after !== undefined);
    let [events, reached] = [0, after ?? 0];
    const pieces = archive.export({
      ...given({ after, until, groups }),
      ...(decode ? { decoded } : {}),
      signal,
      onProgress: (progress) => {
        [events, reached] = [progress.events, progress.position];
        const part = progress.until > 0 ? reached / progress.until : undefined;
        out.progress.show(`${events} events, at position ${reached} of ${progress.until}`, part);
      },
    });
    try {
      for await (const piece of pieces) await target.write(piece);
    } finally {
      if (target !== out) await (target as FileTarget).end();
    }
    if (signal.aborted)
      throw new CommandInterruptedError(
        `Ended after ${events} events, at position ${reached}: go on with --after ${reached}.`,
      );
    out.say(`Exported ${events} events, up to position ${reached}.`);
  },
});

interface FileTarget extends Pick<Output, 'write'> {
  end(): Promise<void>;
}

/** Never writes over a file that is there. */
async function fileOf(path: string, appends: boolean): Promise<FileTarget> {
  const stream = createWriteStream(path, { flags: appends ? 'a' : 'wx' });
  await once(stream, 'open').catch((error: NodeJS.ErrnoException) => {
    const cure = error.code === 'EEXIST' ? ' Name another, or go on at its end with --after.' : '';
    throw new CommandUsageError(`The file ${path} cannot be written: ${error.message}.${cure}`);
  });
  return {
    write: async (text) => {
      if (!stream.write(text)) await once(stream, 'drain');
    },
    end: async () => {
      stream.end();
      await once(stream, 'close');
    },
  };
}

function decoded(event: RecordedEvent, tags: readonly string[]): string {
  return asJson({ ...event, tags });
}
