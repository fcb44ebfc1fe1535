import { withProgress } from '../core/progress.js';
import type { Chore } from '../runtime/upkeep.js';
import { Retention, type RetentionReport } from '../store/upkeep/retention.js';
import type { ResolvedOptions } from './options.js';
import type { Parts } from './parts.js';

/** What retention is done with: the engine. */
export interface RetentionHost {
  readonly options: ResolvedOptions;
  readonly parts: Pick<Parts, 'large' | 'registry'>;
  readonly logger: Pick<Console, 'log'>;
  readonly stopping: AbortController;
}

/** Removing what is old, as the option `retention` says; none when nothing ever is. */
export function retentionChores(engine: RetentionHost): Chore[] {
  const { retention } = engine.options;
  const { large, registry } = engine.parts;
  if (retention === false) return [];
  const pruner = new Retention(large, registry, retention);
  return [{ name: 'Retention', every: retention.every, long: true, run: () => prune(engine, pruner) }];
}

async function prune({ logger, stopping }: RetentionHost, retention: Retention): Promise<void> {
  const say = (line: string) => logger.log(line);
  let soFar: string | undefined;
  const line = () => `Retention goes on, so far: ${soFar ?? 'nothing was removed'}`;
  await withProgress(say, line, () =>
    retention.run(stopping.signal, (report) => (soFar = describeReport(report))),
  );
  if (soFar) say(`Retention: ${soFar}`);
}

/** Undefined when nothing was removed. */
export function describeReport(report: RetentionReport): string | undefined {
  const dead = Object.entries(report.dead).filter(([, count]) => count > 0);
  const total = dead.reduce((sum, [, count]) => sum + count, 0);
  const names = dead.map(([handler, count]) => `${handler} ${count}`).join(', ');
  const parts = [
    [report.succeeded, `${report.succeeded} succeeded deliveries deleted`],
    [report.cancelled, `${report.cancelled} cancelled deliveries deleted`],
    [total, `${total} dead deliveries deleted (${names})`],
    [report.payloads, `data of ${report.payloads} events removed`],
    [report.events, `${report.events} events deleted with their keys`],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([, part]) => part);
  return told.length > 0 ? told.join(', ') : undefined;
}
