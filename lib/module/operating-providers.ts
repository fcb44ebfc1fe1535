import type { FactoryProvider } from '@nestjs/common';
import { type CommandTools, toolsToken } from '../cli/tools.js';
import type { Engine } from './engine.js';
import {
  engineToken,
  getEventArchiveToken,
  getEventSearchToken,
  getEventTablesToken,
  getLogStatusToken,
  getRetentionToken,
} from './tokens.js';

/** What people work with who run one log: each class to be injected, and all of them for the command line. */
export function operatingProviders(dataSource: string | undefined): FactoryProvider[] {
  const ofEngine = (
    provide: FactoryProvider['provide'],
    useFactory: (engine: Engine) => unknown,
  ): FactoryProvider => ({ provide, inject: [engineToken(dataSource)], useFactory });
  return [
    ofEngine(getEventArchiveToken(dataSource), ({ parts }) => parts.archive),
    ofEngine(getEventSearchToken(dataSource), ({ parts }) => parts.search),
    ofEngine(getEventTablesToken(dataSource), ({ parts }) => parts.tables),
    ofEngine(getLogStatusToken(dataSource), ({ parts }) => parts.status),
    ofEngine(getRetentionToken(dataSource), ({ parts }) => parts.retention),
    ofEngine(toolsToken(dataSource), toolsOf),
  ];
}

function toolsOf({ parts, deliveries }: Engine): CommandTools {
  const { archive, followers, forgetting, rescan, retention, search, status, tables } = parts;
  return {
    ...{ archive, deliveries, followers, forgetting, rescan, retention, search, status, tables },
    aggregates: (type, application) => parts.aggregates.repository(type, application),
  };
}
