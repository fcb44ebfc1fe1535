import { type FactoryProvider, Inject, type InjectionToken, type ModuleMetadata } from '@nestjs/common';
import type { Aggregate, AggregateClass } from '../aggregates/aggregate.js';
import { aggregateTypeNameOf } from '../aggregates/aggregate-type.decorator.js';
import type { AggregateRepository } from '../aggregates/aggregate-repository.js';
import {
  AGGREGATES,
  AGGREGATES_PLACE,
  type AggregatesOptions,
  type AggregatesPlaceOptions,
  type ResolvedAggregates,
} from '../aggregates/aggregates-options.js';
import type { EventSourcedLog } from '../aggregates/event-sourced-log.js';
import { describe } from '../core/describe.js';
import { InvalidOptionError } from '../core/errors.js';
import { resolved, type ResolvedOf } from '../core/options/declare.js';
import type { Engine } from './engine.js';
import { engineToken } from './tokens.js';

/** The token of the repository of a type; `application` may be left out where only one has the type. */
export function getAggregatesToken(
  type: AggregateClass,
  application?: string,
): InjectionToken<AggregateRepository<Aggregate>> {
  return `AggregateRepository(${type.name}${application === undefined ? '' : ` of ${application}`})`;
}

/** Injects the `AggregateRepository` of a type; `application` may be left out where only one has the type. */
export const InjectAggregates = (
  type: AggregateClass,
  application?: string,
): ParameterDecorator & PropertyDecorator => Inject(getAggregatesToken(type, application));

/** The token of a log without a class, of this application. */
export function getEventSourcedLogToken(
  name: string,
  application = 'default',
): InjectionToken<EventSourcedLog> {
  return `EventSourcedLog(${name} of ${application})`;
}

/** Injects the `EventSourcedLog` of this name and application. */
export const InjectEventSourcedLog = (
  name: string,
  application?: string,
): ParameterDecorator & PropertyDecorator => Inject(getEventSourcedLogToken(name, application));

/** What a factory works out: what has to be known at once stands beside it. */
export interface AggregatesAsyncOptions extends AggregatesPlaceOptions, Pick<ModuleMetadata, 'imports'> {
  inject?: FactoryProvider['inject'];
  useFactory: FactoryProvider<AggregatesOptions>['useFactory'];
}

/** How the aggregates' options are made when they are needed. */
type OptionsMaker = Pick<FactoryProvider<AggregatesOptions>, 'inject' | 'useFactory'>;

/** The providers of one `forFeature` for its aggregates, and the tokens under which they can be injected. */
export function aggregateProviders(
  place: AggregatesPlaceOptions,
  { inject = [], useFactory }: OptionsMaker,
  where: string,
): { providers: FactoryProvider[]; exports: InjectionToken[] } {
  const checked = resolved(AGGREGATES_PLACE, place, { where });
  if (checked.aggregates.length + checked.logs.length === 0) return { providers: [], exports: [] };
  const options: FactoryProvider = {
    // Each has its own.
    provide: Symbol(`AggregatesOptions(${checked.application})`),
    inject,
    useFactory: async (...dependencies: unknown[]) =>
      checkedOptions(await useFactory(...dependencies), checked, where),
  };
  const providers = [
    ...checked.aggregates.flatMap((type) => repositoryProviders(type, checked, options.provide)),
    ...checked.logs.map((name) => logProvider(name, checked, options.provide)),
  ];
  return { providers: [options, ...providers], exports: providers.map(({ provide }) => provide) };
}

function logProvider(
  name: string,
  { application, dataSource }: ResolvedOf<typeof AGGREGATES_PLACE>,
  options: InjectionToken,
): FactoryProvider {
  return {
    provide: getEventSourcedLogToken(name, application),
    inject: [engineToken(dataSource), options],
    useFactory: ({ parts: { aggregates } }: Engine, made: ResolvedAggregates) =>
      aggregates.of(application).log(name, made),
  };
}

function repositoryProviders(
  type: AggregateClass,
  { application, dataSource }: ResolvedOf<typeof AGGREGATES_PLACE>,
  options: InjectionToken,
): FactoryProvider[] {
  const named = getAggregatesToken(type, application);
  return [
    {
      provide: named,
      inject: [engineToken(dataSource), options],
      useFactory: ({ parts: { aggregates } }: Engine, made: ResolvedAggregates) =>
        aggregates.of(application).add<Aggregate>(type, made),
    },
    {
      provide: getAggregatesToken(type),
      inject: [engineToken(dataSource), named],
      useFactory: ({ parts: { aggregates } }: Engine, repository: AggregateRepository<Aggregate>) =>
        repository.unless(() => aggregates.assertOne(type)),
    },
  ];
}

/** Throws `UnknownOptionError` or `InvalidOptionError`. */
function checkedOptions(
  given: AggregatesOptions | undefined,
  { aggregates }: ResolvedOf<typeof AGGREGATES_PLACE>,
  where: string,
): ResolvedAggregates {
  const options = resolved(AGGREGATES, given, { where });
  const names = aggregates.flatMap((type) => aggregateTypeNameOf(type) ?? []);
  for (const type of options.snapshots.keys()) {
    if (names.includes(type)) continue;
    const expected = `by the names of its types, ${names.join(', ')}`;
    throw new InvalidOptionError('snapshots', expected, describe(type), where);
  }
  return options;
}
