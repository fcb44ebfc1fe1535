import { join } from 'node:path';
import ts from 'typescript';
import type { Declaration } from '../../lib/core/options/declare.js';
import { AGGREGATES, AGGREGATES_PLACE } from '../../lib/aggregates/aggregates-options.js';
import { RETRY } from '../../lib/core/retry-policy.js';
import { CORS, HTTP_POLICY, HTTP_ROUTE, RATE_LIMIT, STORED_METADATA } from '../../lib/http/http-options.js';
import { NOTIFICATIONS } from '../../lib/http/notification-options.js';
import { EVENT_TYPES } from '../../lib/module/event-types-options.js';
import { FORGETTING, PERSONAL } from '../../lib/module/forgetting-options.js';
import { MODULE, RESCAN, WORKER } from '../../lib/module/options.js';
import { RETENTION } from '../../lib/module/retention-options.js';
import { ENCRYPTION } from '../../lib/payload/encryption-options.js';
import { PAYLOAD } from '../../lib/payload/payload-options.js';
import { GROUP_PIPELINE } from '../../lib/payload/pipeline-options.js';

/** The published types of options, by what their tables are called on the pages, with what was declared. */
const TABLES: Record<string, { type: string; declaration: Declaration }> = {
  module: { type: 'EventSourcingOptions', declaration: MODULE },
  worker: { type: 'WorkerOptions', declaration: WORKER },
  retry: { type: 'RetryOptions', declaration: RETRY },
  rescan: { type: 'RescanScheduleOptions', declaration: RESCAN },
  payload: { type: 'PayloadOptions', declaration: PAYLOAD },
  pipeline: { type: 'GroupPipelineOptions', declaration: GROUP_PIPELINE },
  encryption: { type: 'EncryptionOptions', declaration: ENCRYPTION },
  forgetting: { type: 'ForgettingOptions', declaration: FORGETTING },
  personal: { type: 'PersonalGroupOptions', declaration: PERSONAL },
  retention: { type: 'RetentionOptions', declaration: RETENTION },
  eventTypes: { type: 'EventTypesOptions', declaration: EVENT_TYPES },
  http: { type: 'HttpOptions', declaration: { ...HTTP_POLICY, ...HTTP_ROUTE } },
  rateLimit: { type: 'RateLimitOptions', declaration: RATE_LIMIT },
  feature: { type: 'EventSourcingFeature', declaration: { ...AGGREGATES_PLACE, ...AGGREGATES } },
  notifications: { type: 'NotificationOptions', declaration: NOTIFICATIONS },
  cors: { type: 'CorsOptions', declaration: CORS },
  metadata: { type: 'StoredMetadataOptions', declaration: STORED_METADATA },
};

export const PAGES = ['docs/reference/options.md', 'docs/guides/http.md', 'docs/guides/notification-log.md'];
export const REGENERATE = 'npm run docs:options';

/** An option as an editor shows it. */
export interface ShownOption {
  name: string;
  sentence: string;
  /** What the sentence says after "Default"; undefined where the option is needed. */
  byDefault: string | undefined;
  declared: unknown;
}

/** The options of each table, with the doc comments that the published types have. */
export function shownOptions(root: string): Map<string, ShownOption[]> {
  const index = join(root, 'lib/index.ts');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const program = ts.createProgram([index], options);
  const checker = program.getTypeChecker();
  const surface = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)!)!);
  const typeNamed = (name: string) =>
    checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(surface.find((one) => one.name === name)!));
  const tables = Object.entries(TABLES).map(([table, { type, declaration }]) => {
    const properties = new Map(
      typeNamed(type)
        .getProperties()
        .map((one) => [one.name, one]),
    );
    const shown = Object.entries(declaration).map(([name, { default: declared }]) => {
      const comment = ts.displayPartsToString(properties.get(name)?.getDocumentationComment(checker));
      return { name, declared, ...parted(comment.replace(/\s+/g, ' ')) };
    });
    return [table, shown] as const;
  });
  return new Map(tables);
}

/** "What it is. Default `10`." */
function parted(comment: string): { sentence: string; byDefault: string | undefined } {
  const [, sentence, byDefault] = /^(.*?)(?: Default:? (.*)\.)?$/.exec(comment)!;
  return { sentence: sentence!, byDefault };
}

/** A page whose tables between `<!-- options: name -->` and `<!-- /options -->` are as declared. */
export function withTables(page: string, shown: ReadonlyMap<string, readonly ShownOption[]>): string {
  const between = /(<!-- options: (\w+) -->\n)[^]*?(<!-- \/options -->)/g;
  return page.replace(between, (_, start: string, table: string, end: string) => {
    const rows = shown.get(table)!.map(({ name, sentence, byDefault = 'needed' }) => {
      const named =
        table === 'module' && shown.has(name) ? `[\`${name}\`](#${name.toLowerCase()})` : `\`${name}\``;
      return `| ${named} | ${cell(sentence.replace(/\.$/, ''))} | ${cell(byDefault)} |`;
    });
    return [start, '| option | meaning | default |', '| --- | --- | --- |', ...rows, '', end].join('\n');
  });
}

const cell = (text: string) => text.replaceAll('|', '\\|');
