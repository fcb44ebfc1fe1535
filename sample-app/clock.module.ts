import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock } from 'nestjs-once';

/** Injection token of the application's clock: the one that its event sources are given `now` from. */
export const CLOCK = Symbol('CLOCK');

@Module({})
export class ClockModule {
  static forRoot(clock: Clock): DynamicModule {
    return {
      module: ClockModule,
      global: true,
      providers: [{ provide: CLOCK, useValue: clock }],
      exports: [CLOCK],
    };
  }
}
