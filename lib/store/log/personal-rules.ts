import { describe } from '../../core/describe.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { PersonalClasses, PersonalPart } from '../../core/personal.js';

/** What is personal in the events of some groups. */
export interface GroupRule {
  readonly groups: readonly RegExp[];
  readonly parts: readonly PersonalPart[];
}

const NOTHING: readonly PersonalPart[] = [];

/** What is personal in an event's data, by its group: as options say, and as its class does. */
export class PersonalRules {
  private readonly byGroup = new Map<string, readonly PersonalPart[]>();

  constructor(
    private readonly options: readonly GroupRule[],
    private readonly classes: PersonalClasses,
  ) {}

  /** Nothing is personal in any group. */
  get isEmpty(): boolean {
    return this.options.length === 0 && this.classes.isEmpty;
  }

  /** Throws `InvalidOptionError` where one part is within another, so that it would be two people's. */
  of(group: string, ofClass = this.classes.of(group)): readonly PersonalPart[] {
    const ofOptions = this.optionsOf(group);
    if (!ofClass?.length) return ofOptions;
    return ofOptions.length === 0 ? ofClass : apart([...ofClass, ...ofOptions], group);
  }

  private optionsOf(group: string): readonly PersonalPart[] {
    if (this.options.length === 0) return NOTHING;
    const known = this.byGroup.get(group);
    if (known) return known;
    const found = this.options.filter(({ groups }) => groups.some((pattern) => pattern.test(group)));
    const parts = apart(
      found.flatMap((rule) => rule.parts),
      group,
    );
    this.byGroup.set(group, parts);
    return parts;
  }
}

/** Throws `InvalidOptionError`. */
function apart(parts: readonly PersonalPart[], group: string): readonly PersonalPart[] {
  const paths = parts.map(({ property }) => (property === undefined ? '' : `${property}.`));
  const both = paths.findIndex((path, index) =>
    paths.some((other, at) => at !== index && path.startsWith(other)),
  );
  if (both < 0) return parts;
  const expected = `to name each part of "${group}" once, and none within another`;
  throw new InvalidOptionError(
    'personal',
    expected,
    describe(parts[both]!.property ?? 'all of it'),
    'Forgetting',
  );
}
