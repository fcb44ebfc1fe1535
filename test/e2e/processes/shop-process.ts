import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ShopMessage, ShopSetup } from './shop.js';

const RUN_TS = fileURLToPath(new URL('../../support/run-ts.mjs', import.meta.url));
const SHOP = fileURLToPath(new URL('./shop.ts', import.meta.url));

/** A process of the shop, and what it has told so far. */
export class ShopProcess {
  readonly told: ShopMessage[] = [];
  /** Exit code and signal, when all that it told has arrived too. */
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  private readonly child: ChildProcess;
  private errors = '';

  constructor(setup: ShopSetup) {
    this.child = fork(RUN_TS, [SHOP, JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.child.on('message', (message) => this.told.push(message as ShopMessage));
    this.child.stderr!.on('data', (text: Buffer) => (this.errors += text.toString()));
    this.exited = once(this.child, 'close') as ShopProcess['exited'];
  }

  /** Resolves when it has told `count` things of which `wanted` holds. */
  async hears(wanted: (message: ShopMessage) => boolean, count = 1): Promise<void> {
    while (this.told.filter(wanted).length < count) {
      const exited = this.exited.then(() => 'exited');
      if ((await Promise.race([once(this.child, 'message'), exited])) === 'exited') {
        throw new Error(`The process ended before that: ${this.errors}`);
      }
    }
  }

  send(message: string): void {
    this.child.send(message);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.child.kill(signal);
    await this.exited;
  }
}
