import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Commands, MailMoment, Message } from './commands.js';
import type { ProcessSettings } from './process-settings.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

type Answer = (message: { result?: unknown; error?: string }) => void;

/** A process of the demo, seen from its parent. */
export class DemoProcess<C extends Commands<C>> {
  private readonly waiting = new Map<number, Answer>();
  private requests = 0;

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
    onMail: (moment: MailMoment) => void,
  ) {
    child.on('message', (message: Message) => {
      if ('mail' in message) onMail(message.mail);
      if ('id' in message) this.waiting.get(message.id)?.(message);
    });
    child.on('exit', () => this.waiting.forEach((answer) => answer({ error: `The process ${name} ended.` })));
  }

  /** Resolves when the process is ready; `onMail` is called for each mail that it begins, and that it has sent. */
  static async start<C extends Commands<C>>(
    name: string,
    settings: ProcessSettings,
    onMail: (moment: MailMoment) => void = () => {},
  ): Promise<DemoProcess<C>> {
    const child = fork(MAIN, [name, JSON.stringify(settings)]);
    const started = new DemoProcess<C>(name, child, onMail);
    await started.ready();
    return started;
  }

  /** Asks the process to do something; rejects with its error, or when it ends before it has answered. */
  call<N extends keyof C & string>(name: N, argument?: Parameters<C[N]>[0]): ReturnType<C[N]> {
    const id = ++this.requests;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${this.name}, ${name}: ${error}`));
      });
      this.child.send({ id, name, argument });
    });
    return answered as ReturnType<C[N]>;
  }

  /** Ends the process at once, as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.child.on('message', (message: Message) => 'ready' in message && resolve());
      this.child.on('exit', (code) =>
        reject(new Error(`${this.name} ended with ${code} before it was ready.`)),
      );
      this.child.on('error', reject);
    });
  }
}
