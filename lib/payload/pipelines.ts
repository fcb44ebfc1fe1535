import type { ResolvedOf } from '../core/options/declare.js';
import type { StoredPayload } from '../core/stored-payload.js';
import { KnownSteps } from './known-steps.js';
import type { PayloadOwner } from './payload-owner.js';
import type { PAYLOAD } from './payload-options.js';
import type { ResolvedPipeline } from './pipeline-options.js';
import { Pipeline } from './pipeline.js';

interface GroupPipeline {
  readonly groups: readonly RegExp[];
  readonly pipeline: Pipeline;
}

/** Which pipeline the payloads of an event pass, and the way back of each. */
export class Pipelines {
  private readonly known = new KnownSteps();
  private readonly byDefault: Pipeline;
  private readonly forGroups: readonly GroupPipeline[];
  private readonly chosen = new Map<string, Pipeline>();

  /** Throws `InvalidOptionError`. */
  constructor(
    private readonly options: ResolvedOf<typeof PAYLOAD>,
    private readonly where: string,
  ) {
    const { steps, formerSteps, compress, encrypt, pipelines } = options;
    for (const [index, step] of [...steps, ...formerSteps].entries())
      this.known.add(step, `steps[${index}]`, where);
    this.byDefault = this.add({ compress, encrypt }, '', where);
    this.forGroups = pipelines.map(({ groups, ...pipeline }, index) => ({
      groups,
      pipeline: this.add(pipeline, `pipelines[${index}].`, where),
    }));
  }

  /** One more, as of the aggregates of an application. Throws `InvalidOptionError`. */
  add({ compress, encrypt }: ResolvedPipeline, option: string, where = this.where): Pipeline {
    if (compress) this.known.add(compress, `${option}compress`, where);
    if (encrypt) this.known.addEncryption(encrypt, `${option}encrypt`, where);
    return new Pipeline({ steps: this.options.steps, compress, encrypt: encrypt?.step });
  }

  /** The one of the events of a group. */
  of(group: string): Pipeline {
    if (this.forGroups.length === 0) return this.byDefault;
    const known = this.chosen.get(group);
    if (known) return known;
    const found = this.forGroups.find(({ groups }) => groups.some((pattern) => pattern.test(group)));
    const pipeline = found?.pipeline ?? this.byDefault;
    this.chosen.set(group, pipeline);
    return pipeline;
  }

  /** The one of what is made of events of all these groups: one that encrypts, where any of theirs does. */
  ofAll(groups: readonly string[]): Pipeline {
    const all = groups.map((group) => this.of(group));
    return all.find(({ encrypts }) => encrypts) ?? all.find(({ isEmpty }) => !isEmpty) ?? this.byDefault;
  }

  isEncrypted(stored: StoredPayload): boolean {
    return this.known.isEncrypted(stored);
  }

  /** Throws `PayloadDecodingError`, `UnknownKeyError`, `PayloadPrunedError`. */
  load(stored: StoredPayload, owner: PayloadOwner): string | undefined {
    return this.known.load(stored, owner);
  }
}
