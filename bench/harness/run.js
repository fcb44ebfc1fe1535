import { checkpoint, drop } from './databases.js';
import { Child } from './processes.js';

/** One contender in one round: its process, its database, and the `result` that it came to. */
export class Run {
  result;
  #child;
  #address;
  #isWarm = false;

  constructor(templates, contender, job) {
    this.templates = templates;
    this.contender = contender;
    this.job = job;
  }

  /** Its process loads its modules while its database is made. */
  async start() {
    const name = `${this.job.question}.${this.contender}.${this.templates.database}`;
    this.#child = new Child({ ...this.job, part: 'run', contender: this.contender, name });
    this.#address = await this.templates.fresh(this.contender);
  }

  /** Lets it run until it says that it is warm; it goes on when it is measured. */
  async warmUp() {
    this.#child.send('address', this.#address);
    await this.#child.next('warm');
    this.#isWarm = true;
  }

  async measure() {
    await checkpoint(this.#address);
    if (this.#isWarm) this.#child.send('measure');
    else this.#child.send('address', this.#address);
    this.result = await this.#child.result();
  }

  async end() {
    this.#child?.kill();
    if (this.#address) await drop(this.#address);
  }
}
