/** What a process of the demo can be asked to do by its parent; arguments and results are JSON. */
export type Commands<C> = { [N in keyof C]: (argument: never) => Promise<unknown> };

export interface Request {
  id: number;
  name: string;
  argument: unknown;
}

/** A mail was given to the transport, or the transport has sent it. */
export type MailMoment = 'begun' | 'sent';

/** `ready` once; an answer per request; whatever a process has to say unasked. */
export type Message =
  { ready: true } | { id: number; result?: unknown; error?: string } | { mail: MailMoment };

/** Tells the parent that this process is ready, answers its requests, and ends with it. */
export function answerCommands<C extends Commands<C>>(commands: C): void {
  process.on('message', (request: Request) => void answer(commands, request));
  process.on('disconnect', () => process.exit(1));
  tellParent({ ready: true });
}

export function tellParent(message: Message): void {
  process.send?.(message);
}

async function answer<C extends Commands<C>>(commands: C, { id, name, argument }: Request): Promise<void> {
  try {
    tellParent({ id, result: await commands[name as keyof C](argument as never) });
  } catch (error) {
    tellParent({ id, error: error instanceof Error ? error.stack : String(error) });
  }
}
