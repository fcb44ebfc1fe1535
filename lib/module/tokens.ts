import { Inject, type InjectionToken } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Deliveries } from '../handlers/deliveries.js';
import { Rescan } from '../sources/rescan/rescan.js';
import { EventLog } from '../store/log/event-log.js';

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
export const getRescanToken = (dataSource?: string): InjectionToken => tokenOf(Rescan, dataSource);

/** Injects the `EventLog` of a named DataSource; for the default one the class itself is the token. */
export const InjectEventLog = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getEventLogToken(dataSource));
export const InjectDeliveries = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getDeliveriesToken(dataSource));
export const InjectRescan = (dataSource?: string): ParameterDecorator & PropertyDecorator =>
  Inject(getRescanToken(dataSource));
