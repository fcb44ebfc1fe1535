import { Inject, type InjectionToken } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Commands } from '../commands/commands.js';
import { Deliveries } from '../handlers/deliveries.js';
import { Followers } from '../followers/followers.js';
import { Rescan } from '../sources/rescan/rescan.js';
import { EventTables } from '../store/db/event-tables.js';
import { EventArchive } from '../store/log/event-archive.js';
import { Forgetting } from '../store/log/forgetting.js';
import { NotificationLog } from '../store/log/notification-log.js';
import { EventLog } from '../store/log/event-log.js';
import { Retention } from '../store/upkeep/retention.js';
import { EventSearch } from '../store/views/event-search.js';
import { EventEmitterService } from '../transports/event-emitter-service.js';
import { Transports } from '../transports/transports.js';
import { LogStatus } from '../store/views/log-status.js';

const tokenOf = (type: Function, dataSource: string | undefined): InjectionToken =>
  dataSource === undefined || dataSource === 'default'
    ? (type as InjectionToken)
    : `${dataSource}${type.name}`;

/** The engine behind one `forRoot`, for the module's own use. */
export const engineToken = (dataSource?: string): string => `EventSourcingEngine(${dataSource ?? 'default'})`;
/** What is behind the routes of one `forRoot`'s door. */
export const doorToken = (dataSource?: string): string => `EventSourcingDoor(${dataSource ?? 'default'})`;
export const optionsToken = (dataSource?: string): string =>
  `EventSourcingOptions(${dataSource ?? 'default'})`;
export const dataSourceToken = (dataSource?: string): InjectionToken =>
  getDataSourceToken(dataSource) as InjectionToken;

export const getEventLogToken = (dataSource?: string): InjectionToken => tokenOf(EventLog, dataSource);
export const getDeliveriesToken = (dataSource?: string): InjectionToken => tokenOf(Deliveries, dataSource);
export const getNotificationLogToken = (dataSource?: string): InjectionToken =>
  tokenOf(NotificationLog, dataSource);
export const getForgettingToken = (dataSource?: string): InjectionToken => tokenOf(Forgetting, dataSource);
export const getRescanToken = (dataSource?: string): InjectionToken => tokenOf(Rescan, dataSource);

/** The tokens of what people work with who run it; for the default DataSource each is the class itself. */
export const getEventArchiveToken = (dataSource?: string): InjectionToken =>
  tokenOf(EventArchive, dataSource);
export const getEventSearchToken = (dataSource?: string): InjectionToken => tokenOf(EventSearch, dataSource);
export const getEventTablesToken = (dataSource?: string): InjectionToken => tokenOf(EventTables, dataSource);
export const getLogStatusToken = (dataSource?: string): InjectionToken => tokenOf(LogStatus, dataSource);
export const getRetentionToken = (dataSource?: string): InjectionToken => tokenOf(Retention, dataSource);
export const getEventEmitterToken = (dataSource?: string): InjectionToken =>
  tokenOf(EventEmitterService, dataSource);
export const getCommandsToken = (dataSource?: string): InjectionToken => tokenOf(Commands, dataSource);
export const getTransportsToken = (dataSource?: string): InjectionToken => tokenOf(Transports, dataSource);
export const getFollowersToken = (dataSource?: string): InjectionToken => tokenOf(Followers, dataSource);

/** Injects the `EventLog` of a named DataSource; for the default one the class itself is the token. */
export const InjectEventLog = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getEventLogToken(dataSource));
export const InjectForgetting = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getForgettingToken(dataSource));
export const InjectDeliveries = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getDeliveriesToken(dataSource));
export const InjectNotificationLog = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getNotificationLogToken(dataSource));
export const InjectRescan = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getRescanToken(dataSource));
export const InjectFollowers = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getFollowersToken(dataSource));
export const InjectTransports = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getTransportsToken(dataSource));
export const InjectEventEmitter = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getEventEmitterToken(dataSource));
export const InjectCommands = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getCommandsToken(dataSource));
