import type { LoggerService } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import type { Clock } from '../../core/clock.js';
import { assertKnownOptions, assertNoneUndefined } from '../../core/options/known-options.js';
import { NO_TELEMETRY, type Telemetry } from '../../core/telemetry.js';
import { loggerOf, type OwnLogger } from '../../runtime/logging.js';
import type { EventRecorder } from '../../store/log/event-recorder.js';
import type { HeldLease } from '../../store/ports/held-lease.js';
import type { RescanRequest, RescanState } from '../../store/ports/rescan-state.js';
import type { ChangedReads } from '../changed-reads.js';
import { classesOf, type EntityName, entityName } from '../entity-classes.js';
import { UnknownEntityError } from '../errors.js';
import { isRescanned, type RegisteredSource } from '../registered-source.js';
import type { SourceRegistry } from '../source-registry.js';
import { RescanInProgressError, RescanLeaseLostError } from './errors.js';
import type { ProgressNotes, RescanContext } from './rescan-context.js';
import { type RescanProgressEvent, type RescanReport, sumUp } from './rescan-report.js';
import type { ReadRows } from './row-pages.js';
import { scanName, SourceScan } from './source-scan.js';

export interface RescanOptions {
  registry: SourceRegistry;
  recorder: EventRecorder;
  state: RescanState;
  read: ReadRows;
  clock: Clock;
  changedReads: ChangedReads;
  /** Rows per page. Default 1000. */
  batchSize?: number;
  /** Default: nobody watches. */
  telemetry?: Telemetry;
  /** Default: Nest's, with the context `Rescan`. */
  logger?: LoggerService;
}

export interface RescanRunOptions {
  /** Entities to scan, with those derived from them: classes, schemas or names. Default: all that have a source. */
  entities?: readonly EntityName[];
  /** Report what would be recorded and write nothing. Needs no lease. Default false. */
  dryRun?: boolean;
  /** Stops after the current page; the next run goes on from there. */
  signal?: AbortSignal;
  /** Called after each page. */
  onProgress?: (progress: RescanProgressEvent) => void;
}

export interface RequestedRescanOptions {
  signal?: AbortSignal;
  /** Also scan entities that were scanned on request less than five minutes ago. Default false. */
  ignoreThrottle?: boolean;
}

interface Target {
  source: RegisteredSource;
  metadata: EntityMetadata;
  /** Where an interrupted run stopped. */
  cursor?: string;
}

/** The requests for one entity that a run answers. */
interface Answerable {
  entity: string;
  ids: readonly number[];
}

const RUN_OPTIONS = ['entities', 'dryRun', 'signal', 'onProgress'];
const RESUME_WITHIN = 24 * 3_600_000;
const REQUEST_INTERVAL = 5 * 60_000;

/**
 * Passes every entity through its model event sources and records what is not in the log yet: events that became due
 * as time went by, that bulk writes passed over, or that a new source yields for old rows. One at a time in the
 * cluster; gives way to the application's transactions; goes on where an interrupted run stopped.
 */
export class Rescan {
  private readonly logger: OwnLogger;

  constructor(private readonly options: RescanOptions) {
    this.logger = loggerOf('Rescan', options.logger);
  }

  /**
   * Scans now. Rejects with `RescanInProgressError` while another run lasts anywhere, `RescanLeaseLostError` when
   * this one lost its lease, `UnknownEntityError`. Failing rows and sources are in the report, never thrown.
   */
  async run(options: RescanRunOptions = {}): Promise<RescanReport> {
    assertKnownOptions(options, RUN_OPTIONS, 'Rescan.run');
    const { signal: _, onProgress: __, ...what } = options;
    assertNoneUndefined(what, 'Rescan.run');
    const targets = this.targets(options.entities);
    if (options.dryRun) return this.scan(targets, this.context(options));
    return this.alone(async (lease) => {
      const requests = await this.answerable(await this.options.state.requests());
      const resumable: Target[] = [];
      for (const target of targets) resumable.push(await this.resumed(target));
      // Interrupted scans first: a process that is stopped often would else never get to the later ones.
      resumable.sort((a, b) => Number(b.cursor !== undefined) - Number(a.cursor !== undefined));
      const report = await this.scan(resumable, this.context(options, lease));
      await this.answer(requests, report);
      return report;
    });
  }

  /**
   * Scans the entities for which bulk writes have asked, each at most every five minutes; undefined when none is due.
   * Rejects as `run` does.
   */
  async runRequested(options: RequestedRescanOptions = {}): Promise<RescanReport | undefined> {
    const { state } = this.options;
    if ((await this.due(options)).length === 0) return undefined;
    return this.alone(async (lease) => {
      const requests = await this.answerable(await this.due(options));
      for (const { entity } of requests) await state.beginRequested(entity);
      const classes = new Set(
        requests.flatMap(({ entity }) => classesOf(this.options.registry.dataSource, entity)),
      );
      // From the first row: what was written in bulk may lie before the place where another scan stopped.
      const targets = this.targets(undefined).filter(({ metadata }) => classes.has(metadata));
      const report = await this.scan(targets, this.context(options, lease));
      await this.answer(requests, report);
      return report;
    });
  }

  /** One at a time in all processes. */
  private alone<T>(work: (lease: HeldLease) => Promise<T>): Promise<T> {
    return this.options.state.hold(work, () => {
      throw new RescanInProgressError();
    });
  }

  private async due({ ignoreThrottle }: RequestedRescanOptions): Promise<RescanRequest[]> {
    const requests = await this.options.state.requests();
    const isDue = ({ lastStartedAgo = Infinity }: RescanRequest) => lastStartedAgo >= REQUEST_INTERVAL;
    // A request for a source that only a newer version of the application has is left to that.
    const isKnown = ({ entity }: RescanRequest) => this.targetsOf(entity).length > 0;
    return requests.filter((request) => isKnown(request) && (ignoreThrottle || isDue(request)));
  }

  private targets(entities: readonly EntityName[] | undefined): Target[] {
    const { registry } = this.options;
    const wanted = entities && new Set(entities.flatMap((entity) => this.classes(entity)));
    return registry
      .all()
      .filter(isRescanned)
      .flatMap((source) => source.classes.map((metadata) => ({ source, metadata })))
      .filter(({ metadata }) => !wanted || wanted.has(metadata));
  }

  private classes(entity: EntityName): EntityMetadata[] {
    const { dataSource } = this.options.registry;
    const classes = classesOf(dataSource, entity);
    if (classes.length > 0) return classes;
    const known = dataSource.entityMetadatas.map(({ name }) => name);
    throw new UnknownEntityError(entityName(entity), 'Rescan.run, entities', known);
  }

  private async resumed(target: Target): Promise<Target> {
    const progress = await this.options.state.progress(scanName(target.source, target.metadata));
    if (!progress || progress.isFinished || progress.cursor === null) return target;
    return progress.startedAgo < RESUME_WITHIN ? { ...target, cursor: progress.cursor } : target;
  }

  private context(options: RescanRunOptions, lease?: HeldLease): RescanContext {
    const { registry, recorder, read, clock, changedReads, batchSize = 1000 } = this.options;
    const { dryRun = false, signal, onProgress } = options;
    const { manager } = registry.dataSource;
    const progress = lease && this.notes(lease);
    const { logger } = this;
    const shared = { manager, recorder, read, clock, changedReads, logger, batchSize };
    return { ...shared, dryRun, progress, signal, onProgress };
  }

  private notes(lease: HeldLease): ProgressNotes {
    const { state } = this.options;
    return {
      begin: (scan) => state.begin(scan),
      reached: async (scan, from, to) => {
        const isOurs = (await lease.keep()) && (to === undefined || (await state.advance(scan, from, to)));
        if (!isOurs) throw new RescanLeaseLostError();
        if (to === undefined) await state.finish(scan);
      },
    };
  }

  private async scan(targets: readonly Target[], context: RescanContext): Promise<RescanReport> {
    const scans = targets.map(
      ({ source, metadata, cursor }) => new SourceScan(source, metadata, context, cursor),
    );
    for (const scan of scans) {
      await this.observed(scan).catch((error: unknown) => {
        if (error instanceof RescanLeaseLostError) throw error;
        scan.fail(error);
      });
    }
    const report = sumUp(
      scans.map((scan) => scan.report),
      context.dryRun,
    );
    const { rows, events, recorded, failed } = report.totals;
    this.logger.debug(`Re-scan: ${rows} rows, ${events} events, ${recorded} new, ${failed} failed`);
    return report;
  }

  private observed(scan: SourceScan): Promise<void> {
    const { telemetry = NO_TELEMETRY } = this.options;
    if (!telemetry.enabled) return scan.run();
    const { source, entity } = scan.report;
    return telemetry.scan(
      source,
      entity,
      () => scan.run(),
      () => scan.report,
    );
  }

  /** Read before the first row: what is asked for later may be about a row that was passed by then. */
  private answerable(requests: readonly RescanRequest[]): Promise<Answerable[]> {
    const { state } = this.options;
    return Promise.all(requests.map(async ({ entity }) => ({ entity, ids: await state.requestIds(entity) })));
  }

  /** A request is answered when all that it asked for was scanned from the first row to the last. */
  private async answer(requests: readonly Answerable[], { scans }: RescanReport): Promise<void> {
    const scanned = new Map(scans.map((scan) => [`${scan.source} ${scan.entity}`, scan]));
    for (const { entity, ids } of requests) {
      const asked = this.targetsOf(entity).map(({ source, metadata }) =>
        scanned.get(scanName(source, metadata)),
      );
      const isAnswered = asked.every((scan) => scan && !scan.interrupted && !scan.resumed);
      if (isAnswered && asked.length > 0) await this.options.state.clearRequests(ids);
    }
  }

  private targetsOf(entity: string): Target[] {
    const classes = classesOf(this.options.registry.dataSource, entity);
    return this.targets(undefined).filter(({ metadata }) => classes.includes(metadata));
  }
}
