import type { QueryRunner } from 'typeorm';
import type { PreparedEvent } from '../../core/event-types.js';
import type { PersonalPart } from '../../core/personal.js';
import type { Pipeline } from '../../payload/pipeline.js';
import type { AppendResult, EventInput, EventOrigin, StreamVersion } from '../../core/event.js';

/** One event on its way into the log, with who emitted it. */
export interface Emission {
  input: EventInput;
  /** Name of the emitter, `Class.method` of a model event source; stored as `metadata.source`. */
  source: string;
  /** Entities in `data` are stored by value, since they will be gone when a handler runs. Default false. */
  snapshots?: boolean;
  /** It comes from outside the application, and so its key has that prefix, which no other may have. */
  origin?: EventOrigin;
  /** It is that version of a stream, and so its key is the one that `streamKey` makes of these, which no other may have. */
  stream?: StreamVersion;
  /** What it can be found by beside what `input` names: each of 1 to 255 UTF-8 bytes, well-formed, no NUL. */
  tags?: readonly string[];
  /** What the recorded event shows in place of `input.data`: the instance of which that was made. */
  instance?: object;
  /** It tells of the forgetting of a subject, and so its key has the prefix which no other may have. */
  forgetting?: boolean;
  /** What its payload passes. Default: what payloads of its group do. */
  pipeline?: Pipeline | undefined;
  /** What of its data is personal. Default: what is so in its group. */
  personal?: readonly PersonalPart[];
  /** What is stored in place of `input.data`: the same, with what is personal to be encrypted. The log adds it by itself. */
  sealed?: { readonly data: unknown };
}

/** A prepared event on its way: what was logged in code has no other source than that. */
export function emissionOf(event: PreparedEvent): Emission {
  return { ...event, source: event.origin?.transport ?? 'log' };
}

/** What the sources of events need of the log. */
export interface EventRecorder {
  /**
   * Records what is new of the emissions with one statement, results in the order given. Takes part in the
   * transaction of `runner` when one is active, else makes one of its own on that runner. Throws before anything is
   * written when one of them is invalid, and `ConcurrencyError`, with nothing written and the transaction as usable as
   * before, when a version of a stream is taken. The results have the events unless `withEvents` is false.
   */
  record(emissions: readonly Emission[], runner: QueryRunner, withEvents?: boolean): Promise<AppendResult[]>;
  /**
   * Records what is new of the emissions in a transaction of its own that gives way: where another transaction holds one of the keys, it is this
   * one that waits briefly, then records one by one and leaves out (`recorded: false`, `busy: true`) what is held.
   * The results are without the events.
   */
  recordYielding(emissions: readonly Emission[]): Promise<(AppendResult & { busy?: boolean })[]>;
  /** Those of the keys, each given once, that are not in the log. */
  unknownKeys(keys: readonly string[]): Promise<Set<string>>;
}
