const FRAMES = 25;
const SHOWN = 4;
/** Frames that say nothing about who is calling: TypeORM, Node itself, and the gate. */
const INTERNAL =
  /[\\/]node_modules[\\/]typeorm[\\/]|\(?node:|[\\/]store[\\/]dialects[\\/]sqlite[\\/]gate[\\/]/;

/** Where something was called. Taking one is cheap; the text is made when it is asked for. */
export class CallSite {
  private constructor(private readonly trace: Error) {}

  static here(): CallSite {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = FRAMES;
    const site = new CallSite(new Error());
    Error.stackTraceLimit = limit;
    return site;
  }

  /** The callers outside of TypeORM, the nearest first; all frames when there are no others. */
  toString(): string {
    const frames = (this.trace.stack ?? '').split('\n').slice(1);
    const callers = frames.filter((frame) => !INTERNAL.test(frame));
    return (callers.length > 0 ? callers : frames).slice(0, SHOWN).join('\n');
  }
}
