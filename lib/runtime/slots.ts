/** Lets so many work at a time; the others wait for their turn. */
export class Slots {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  /** The limit is asked for each time: what it is made of may not be known yet. */
  constructor(private readonly limit: () => number) {}

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken < this.limit()) this.taken++;
    else await new Promise<void>((go) => this.waiting.push(go));
    return this.holding(work);
  }

  /** At once, where so many more slots stay free; undefined: nothing was begun. */
  tryUse<T>(work: () => Promise<T>, spare = 0): Promise<T> | undefined {
    if (this.taken + spare >= this.limit()) return undefined;
    this.taken++;
    return this.holding(work);
  }

  private async holding<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The slot goes on to whoever waits.
      if (next) next();
      else this.taken--;
    }
  }
}
