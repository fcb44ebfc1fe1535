import type { OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';
import { assertOneLog } from './duplicate-log.js';
import { Engine } from './engine.js';
import { Explorer } from './explorer.js';
import type { RescanSchedule } from './rescan-schedule.js';
import { ShutdownHooks } from './shutdown-hooks.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Ties one engine to the application's life. */
export class Lifecycle implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly hooks = new ShutdownHooks((signal) => this.engine.hooksForgotten(signal));
  private readonly stopClaiming = () => void this.engine.parts.worker.stopClaiming();

  constructor(
    private readonly engine: Engine,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly moduleRef: ModuleRef,
    private readonly schedule: RescanSchedule,
  ) {}

  /** As early as all providers exist, so that what the application saves while it starts is recorded. */
  async onModuleInit(): Promise<void> {
    const explorer = new Explorer(this.discovery, this.scanner, this.moduleRef);
    const engines = enginesOf(this.discovery);
    assertOneLog(this.engine.dataSource, engines);
    await explorer.explore(this.engine, engines);
    await this.engine.connect();
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.engine.options.idle) return;
    await this.engine.start();
    this.schedule.start();
    // Where nobody listens, the signal ends the process: a listener of ours would keep it alive.
    for (const signal of SIGNALS) {
      if (process.listenerCount(signal) > 0) process.prependOnceListener(signal, this.stopClaiming);
    }
    if (this.engine.warnsOfSuddenEnd) this.hooks.watch();
  }

  /** Before the DataSource closes; the application's own providers are being destroyed at the same time. */
  async onModuleDestroy(): Promise<void> {
    this.hooks.stop();
    for (const signal of SIGNALS) process.off(signal, this.stopClaiming);
    await Promise.all([this.schedule.stop(), this.engine.stop()]);
  }
}

/** The engines of all `forRoot`s of this application. */
export function enginesOf(discovery: DiscoveryService): Engine[] {
  const instances = discovery.getProviders().map((wrapper) => wrapper.instance as unknown);
  return [...new Set(instances.filter((instance) => instance instanceof Engine))];
}
