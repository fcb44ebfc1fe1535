import type { RegisteredSource } from './registered-source.js';
import type { SourceContext } from './source-context.js';

type ScanContext = Omit<SourceContext, 'changed'>;

/** An accessor of each object itself would cost more than the rest of a row. */
class WatchedScan implements SourceContext {
  readonly reason: SourceContext['reason'];
  readonly now: SourceContext['now'];
  readonly manager: SourceContext['manager'];
  readonly #note: () => void;

  constructor({ reason, now, manager }: ScanContext, note: () => void) {
    this.reason = reason;
    this.now = now;
    this.manager = manager;
    this.#note = note;
  }

  get changed(): undefined {
    this.#note();
    return undefined;
  }
}

/**
 * Which sources go by `changed` of their context. A re-scan has nothing to put there, so what such a source says of a change
 * is lost where a bulk write made the change: warned about once for each source that a bulk write has passed by. A source
 * whose options have a `rescan` of its own says by that what a re-scan is to find.
 */
export class ChangedReads {
  private readonly readers = new Set<string>();
  private readonly passedBy = new Set<string>();
  private readonly warned = new Set<string>();

  constructor(private readonly warn: (line: string) => void) {}

  /** The context of one run of the source; that the source looks at `changed` is noted. */
  watched(source: RegisteredSource, context: SourceContext): SourceContext {
    const { name, rescan, hasOwnRescan } = source;
    if (!rescan || hasOwnRescan || this.readers.has(name)) return context;
    const { reason, now, manager, changed } = context;
    const note = () => this.noteReader(name);
    return {
      reason,
      now,
      manager,
      get changed() {
        note();
        return changed;
      },
    };
  }

  /** The same for the rows of a re-scan, where `changed` is undefined: there are many of them, so it costs less. */
  scanning(source: RegisteredSource): (context: ScanContext) => SourceContext {
    const { name, rescan, hasOwnRescan } = source;
    const note = () => this.noteReader(name);
    const isWatched = () => rescan && !hasOwnRescan && !this.readers.has(name);
    return (context) => (isWatched() ? new WatchedScan(context, note) : context);
  }

  /** A bulk write passed the source by; a re-scan is to make up for it. */
  bulkWrite({ name, hasOwnRescan }: RegisteredSource): void {
    if (hasOwnRescan) return;
    this.passedBy.add(name);
    this.look(name);
  }

  private noteReader(name: string): void {
    this.readers.add(name);
    this.look(name);
  }

  private look(name: string): void {
    if (this.warned.has(name) || !this.passedBy.has(name) || !this.readers.has(name)) return;
    this.warned.add(name);
    this.warn(
      `Model event source "${name}" goes by what a save changed, and a bulk write passed it by: the re-scan that makes up for it ` +
        'does not know what was changed, so events may be missing. Use save() with entities; or let the source say what is due ' +
        'where changed is undefined, and give it rescan: {}, or rescan: false where it cannot. Warned about once.',
    );
  }
}
