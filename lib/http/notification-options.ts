import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { list, must, text, whole } from '../core/options/checks.js';
import { maybe, opt, type OptionsOf, type ResolvedOf } from '../core/options/declare.js';
import { path } from './http-options.js';

/** The notification log over HTTP. */
export const NOTIFICATIONS = {
  /** Where it is read. Default `'event/notifications'`. */
  path: opt(path, 'event/notifications'),
  /** The application's guards, in their order, made with the dependencies that `imports` has. Default: none. */
  guards: opt(
    list<Type<CanActivate>>('classes of guards', (guard) => typeof guard === 'function'),
    [],
  ),
  /** Modules that export what the guards depend on; global ones need not stand here. Default: none. */
  imports: opt(must<NonNullable<ModuleMetadata['imports']>>('an array of modules', Array.isArray), []),
  /** Events in one answer. Default `10`. */
  most: opt(whole(1), 10),
  /** Name of the TypeORM DataSource whose log it is. Default: the default one. */
  dataSource: maybe(text),
};

export interface NotificationOptions extends OptionsOf<typeof NOTIFICATIONS> {}
export type ResolvedNotifications = ResolvedOf<typeof NOTIFICATIONS>;
